import { planeOf, type Quantity } from '../../../constants/dark/planes.js'
import type { Decode } from '../../../constants/dark/recipe.js'
import type { Kernels } from '../../corrections/kernel.js'
import type { Lane } from '../../memory/lane.js'
import { slotOffset } from '../../memory/lane-layout.js'
import type { FrameReader } from '../frame-reader.js'
import { readStrip, stripStride } from './read-strip.js'
import type { StatisticsTask } from './tasks.js'

/** No plane is wanted. */
const NONE = 0

/**
 * Reads a strip of one raw plane of all frames of one (cell, stage) into the task's slot, frame after frame, and writes
 * the statistics of all samples in it into the lane's planes.
 */
export async function cellStatistics(
  task: StatisticsTask,
  { lane, kernels, reader }: { lane: Lane; kernels: Kernels; reader: FrameReader },
): Promise<void> {
  const { memory, layout } = lane.handle
  const { detector, recipe } = task
  const slot = slotOffset(layout, task.slot)
  const raw = slot + layout.slot.raw
  const strip = { detector, plane: task.plane, slowScan: task.slowScan }
  const room = new Uint8Array(memory.buffer, raw, layout.blockFrames * layout.rawFrameBytes)
  const frames = await readStrip(reader, task.frames, strip, room)

  const [from, to] = task.slowScan
  const pixels = (to - from) * detector.fastScan
  const plane = (quantity: Quantity) =>
    layout.constants +
    task.cell * layout.cellBytes +
    4 * (planeOf(recipe, task.stage, quantity) * layout.pixels + from * detector.fastScan)
  const statistics = (of: Decode, median: number, mean: number, deviation: number) =>
    kernels.darkStatistics(
      raw,
      frames,
      stripStride(detector, to - from),
      pixels,
      of.shift,
      of.bits,
      of.zeroAs,
      median,
      mean,
      deviation,
      // The tiles of a correction serve as scratch.
      slot + layout.slot.data,
    )
  const { signal, gain } = recipe
  if (signal.plane === task.plane) statistics(signal, plane('offset'), NONE, plane('noise'))
  if (gain?.plane === task.plane) statistics(gain, NONE, plane('gainMean'), plane('gainDeviation'))
}
