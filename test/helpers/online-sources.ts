import { encodeTrain } from '../../src/bridge/encode.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import { BridgeServer } from '../../src/bridge/server.js'

export const KARABO_ID = 'SPB_DET_AGIPD1M-1'
/** Fast scan, slow scan and pixels of an AGIPD module. */
export const [FAST, SLOW, PIXELS] = [128, 512, 128 * 512]

/** Numbers that look random and are the same each time. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)

function idsOf(train: number, frames: number): BridgeSource['arrays'] {
  const ids = (count: number) => Array.from({ length: count }, (_, i) => i)
  return {
    'image.cellId': { dtype: 'u2', shape: [frames], data: bytesOf(Uint16Array.from(ids(frames))) },
    'image.pulseId': {
      ...{ dtype: 'u8', shape: [frames] },
      data: bytesOf(BigUint64Array.from(ids(frames), id => BigInt(4 * id))),
    },
    'image.trainId': {
      ...{ dtype: 'u8', shape: [frames] },
      data: bytesOf(new BigUint64Array(frames).fill(BigInt(train))),
    },
  }
}

const timeOf = (train: number) => ({
  train: BigInt(train),
  seconds: 1_780_000_000n,
  attoseconds: BigInt(train),
})

/** Raw frames of an AGIPD module, of random numbers; all modules of a train have the same ids. */
export function rawSource(module: number, train: number, frames: number): BridgeSource {
  const next = numbers(1000 * train + module)
  const data = Uint16Array.from({ length: frames * 2 * PIXELS }, () => 4000 + (next() >>> 18))
  return {
    name: `${KARABO_ID}/DET/${module}CH0:xtdf`,
    time: timeOf(train),
    values: {},
    arrays: {
      'image.data': { dtype: 'u2', shape: [frames, 2, SLOW, FAST], data: bytesOf(data) },
      ...idsOf(train, frames),
    },
  }
}

/** Corrected frames of an AGIPD module, as `detcal serve --output modules` sends them: value = 1000 · module + 10 · frame + pixel / 2^16. */
export function correctedSource(
  module: number,
  train: number,
  frames: number,
  {
    order = 'online',
    passport = ['detcal 0', 'offset'],
  }: { order?: 'online' | 'file'; passport?: string[] } = {},
): BridgeSource {
  const data = new Float32Array(frames * PIXELS)
  for (let frame = 0; frame < frames; frame++)
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const [slow, fast] = [Math.floor(pixel / FAST), pixel % FAST]
      data[order === 'file' ? frame * PIXELS + pixel : (fast * SLOW + slow) * frames + frame] =
        correctedValue(module, frame, pixel)
    }
  return {
    name: `${KARABO_ID}/CORR/${module}CH0:output`,
    time: timeOf(train),
    values: { 'image.passport': passport },
    arrays: {
      'image.data': {
        dtype: 'f4',
        shape: order === 'file' ? [frames, SLOW, FAST] : [FAST, SLOW, frames],
        data: bytesOf(data),
      },
      ...idsOf(train, frames),
    },
  }
}

/** What {@link correctedSource} has at a pixel. */
export function correctedValue(module: number, frame: number, pixel: number): number {
  return Math.fround(1000 * module + 10 * frame + pixel / 65536)
}

/** A bridge that waits for whoever takes its trains. */
export function feeder(): Promise<BridgeServer> {
  return BridgeServer.bind({ socket: 'REP', endpoint: 'tcp://127.0.0.1:*', whenFull: 'wait', queue: 64 })
}

/** Sends sources as one train. */
export function feed(server: BridgeServer, ...sources: readonly BridgeSource[]): Promise<void> {
  return server.send(encodeTrain(sources, '2.2'))
}
