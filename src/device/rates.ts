import { LanePool } from '../memory/lane-pool.js'
import { DEFAULT_PARAMS } from './default-params.js'
import type { Device } from './device.js'
import type { OpenDevice } from './door.js'
import { makeTrial } from './trial.js'
import { USAGE } from './webgpu.js'

/** How fast a device is; medians. */
export interface DeviceRates {
  /** Copies to the device and back, GB/s. */
  readonly upload: number
  readonly download: number
  /** AGIPD's default chain, ns a pixel: with transfers, and the kernel alone. */
  readonly corrected: number
  readonly kernel: number
  /** Bytes that the kernel moves in the device's memory, GB/s: raw 4, data 4, gain 1, mask 4 a pixel, constants aside. */
  readonly memory: number
}

const MIB = 1024 ** 2
/** Copied at a time. */
const BYTES = 32 * MIB
/** AGIPD's module; frames of one call as in a run of files. */
const SHAPE = { pixels: 512 * 128, cells: 1, frames: 16, seed: 1 }
const MOVED = 13
const ROUNDS = 3
/** Runs of the kernel over the same frames, against one. */
const REPEATS = 6

/** Measures a device; takes a second or two. @throws DeviceError */
export async function measureRates({ device, corrector }: OpenDevice): Promise<DeviceRates> {
  const { upload, download } = await measureLink(device)
  const trial = makeTrial('agipdAdaptive', DEFAULT_PARAMS, SHAPE, new LanePool())
  const pixels = SHAPE.pixels * SHAPE.frames
  const call = (repeats: number) => () => corrector.correct(trial.module, trial.slot, trial.tile, repeats)
  await call(1)()
  const once = await medianTime(call(1))
  const kernel = Math.max(0, (await medianTime(call(REPEATS))) - once) / (REPEATS - 1) / pixels
  return { upload, download, corrected: once / pixels, kernel, memory: MOVED / kernel }
}

async function measureLink(device: Device): Promise<{ upload: number; download: number }> {
  const { gpu } = device
  const bytes = new Uint8Array(new SharedArrayBuffer(BYTES)).fill(1)
  const [target, download] = await device.checked(() => [
    gpu.createBuffer({ size: BYTES, usage: USAGE.copyTarget | USAGE.copySource }),
    gpu.createBuffer({ size: BYTES, usage: USAGE.copyTarget | USAGE.mapRead }),
  ])
  if (target === undefined || download === undefined) throw new Error('there are no buffers')
  const up = await medianTime(async () => {
    await device.checked(() => device.write(target, 0, bytes))
    await gpu.queue.onSubmittedWorkDone()
  })
  const down = await medianTime(async () => {
    await device.checked(() => {
      const encoder = gpu.createCommandEncoder()
      encoder.copyBufferToBuffer(target, 0, download, 0, BYTES)
      gpu.queue.submit([encoder.finish()])
    })
    bytes.set(new Uint8Array(await device.mapped(download)))
    download.unmap()
  })
  target.destroy()
  download.destroy()
  return { upload: BYTES / up, download: BYTES / down }
}

/** ns, after a call that does not count. */
async function medianTime(work: () => Promise<void>): Promise<number> {
  await work()
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint()
    await work()
    times.push(Number(process.hrtime.bigint() - start))
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0
}
