import { setTimeout } from 'node:timers/promises'
import { encodeTrain } from '../../src/bridge/encode.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import { BridgeServer } from '../../src/bridge/server.js'
import { withFile } from '../../src/hdf5/library.js'
import { openRun } from '../../src/sources/run/open-run.js'

/**
 * Sends the trains of a run, kept in memory and over and over again under new ids, to whoever pulls:
 * `feeder.js RUN TRAINS [TRAINS_A_SECOND]`. Prints its endpoint; ends when it is ended.
 */
const [path = '', count = '0', rate = 'Infinity'] = process.argv.slice(2)

/** Sources of each train, all modules in one message. */
async function trainsOf(path: string): Promise<BridgeSource[][]> {
  const run = await openRun(path)
  const trains = run.trainIds.map((): BridgeSource[] => [])
  for (const [, files] of run.modules)
    for (const file of files)
      await withFile(file.path, 'r', hdf5 => {
        const image = `INSTRUMENT/${file.source}/image`
        const data = hdf5.get(`${image}/data`) as { slice(ranges: number[][]): Uint16Array; shape: number[] }
        for (const [i, { image: rows, trainId }] of file.trains.entries()) {
          const raw = data.slice([[rows.first, rows.first + rows.count]])
          const cells = file.cellIds.slice(rows.first, rows.first + rows.count)
          const pulses = BigUint64Array.from(
            file.pulseIds.subarray(rows.first, rows.first + rows.count),
            BigInt,
          )
          trains[i]?.push({
            name: file.source,
            time: { train: BigInt(trainId) },
            values: {},
            arrays: {
              'image.data': { dtype: 'u2', shape: [rows.count, ...data.shape.slice(1)], data: bytesOf(raw) },
              'image.cellId': { dtype: 'u2', shape: [rows.count], data: bytesOf(cells) },
              'image.pulseId': { dtype: 'u8', shape: [rows.count], data: bytesOf(pulses) },
            },
          })
        }
      })
  return trains
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const trains = await trainsOf(path)
const server = await BridgeServer.bind({ socket: 'PUSH', endpoint: 'tcp://127.0.0.1:*', whenFull: 'wait' })
process.stdout.write(`${server.endpoint}\n`)
for (let i = 0; i < Number(count); i++) {
  const train = BigInt(10_000 + i)
  // The first ones bring constants into memory: the pace begins behind them.
  await setTimeout(1000 / Number(rate))
  const sources = trains[i % trains.length] ?? []
  await server.send(
    encodeTrain(
      sources.map(source => ({ ...source, time: { train } })),
      '2.2',
    ),
  )
}
// What is in the socket is lost with the process.
setInterval(() => {}, 1e6)
