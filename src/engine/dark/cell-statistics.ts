import { planeOf, type Quantity } from '../../../constants/dark/planes.js'
import type { Decode } from '../../../constants/dark/recipe.js'
import type { Lane } from '../../memory/lane.js'
import { slotOffset } from '../../memory/lane-layout.js'
import { readDarkSums } from '../../wasm/dark-sums.js'
import type { Kernels } from '../../wasm/kernels.js'
import type { FrameReader } from '../worker/frame-reader.js'
import { readStrip, stripStride } from './read-strip.js'
import type { PlaneReading, StatisticsTask } from './tasks.js'

/** No plane is wanted. */
const NONE = 0

/** What a worker has at hand for it. */
export interface StatisticsContext {
  readonly lane: Lane
  readonly kernels: Kernels
  readonly reader: FrameReader
}

/**
 * Reads rows of all frames of one (cell, stage), plane by plane and strip by strip, into the task's slot, and writes the
 * statistics of all samples into the lane's planes.
 */
export async function cellStatistics(task: StatisticsTask, context: StatisticsContext): Promise<void> {
  const [first, end] = task.slowScan
  for (const reading of task.planes)
    for (let from = first; from < end; from += reading.height)
      await stripStatistics(task, reading, [from, Math.min(from + reading.height, end)], context)
}

/**
 * Where a median is wanted all frames are there before they are reduced; else they are summed a few at a time, while they
 * are still in the cache of the core.
 */
async function stripStatistics(
  task: StatisticsTask,
  { plane: rawPlane, atOnce }: PlaneReading,
  slowScan: readonly [number, number],
  { lane, kernels, reader }: StatisticsContext,
): Promise<void> {
  const { memory, layout } = lane.handle
  const { detector, recipe } = task
  const slot = slotOffset(layout, task.slot)
  const raw = slot + layout.slot.raw
  // The tiles of a correction serve as scratch.
  const scratch = slot + layout.slot.data
  const strip = { detector, plane: rawPlane, slowScan }
  const target = new Uint8Array(memory.buffer, raw, layout.slotRawFrames * layout.rawFrameBytes)
  const [from, to] = slowScan
  const stride = stripStride(detector, to - from)
  const pixels = (to - from) * detector.fastScan
  const plane = (quantity: Quantity) =>
    layout.constants +
    task.cell * layout.cellBytes +
    4 * (planeOf(recipe, task.stage, quantity) * layout.pixels + from * detector.fastScan)
  const read = (use: (frames: number) => void) => readStrip(reader, task.frames, strip, target, atOnce, use)
  const { signal, gain } = recipe

  if (signal.plane === rawPlane) {
    const reduce = (
      { shift, bits, zeroAs }: Decode,
      frames: number,
      median: number,
      mean: number,
      deviation: number,
    ) =>
      kernels.darkStatistics(
        raw,
        frames,
        stride,
        pixels,
        shift,
        bits,
        zeroAs,
        median,
        mean,
        deviation,
        scratch,
      )
    await read(frames => {
      reduce(signal, frames, plane('offset'), NONE, plane('noise'))
      if (gain?.plane === rawPlane) reduce(gain, frames, NONE, plane('gainMean'), plane('gainDeviation'))
    })
  } else if (gain?.plane === rawPlane) {
    const { shift, bits, zeroAs } = gain
    let begin: 0 | 1 = 1
    const all = await read(frames => {
      kernels.darkSums(raw, frames, stride, pixels, shift, bits, zeroAs, scratch, begin)
      begin = 0
    })
    kernels.darkMoments(scratch, all, pixels, plane('gainMean'), plane('gainDeviation'))
    // The midpoints of means are made of these.
    if (recipe.thresholds)
      readDarkSums(memory.buffer, scratch, all, new Uint32Array(memory.buffer, plane('gainMean'), pixels))
  }
}
