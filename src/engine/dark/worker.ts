import { darkConstants } from '../../../constants/dark/arrays.js'
import { judgeCell } from '../../../constants/dark/bad-pixels.js'
import { differenceOf } from '../../../constants/dark/difference.js'
import { pictureStage } from '../../../constants/dark/picture.js'
import { stagePlanes } from '../../../constants/dark/planes.js'
import { writeConstants } from '../../../constants/write.js'
import type { Kernels } from '../../corrections/kernel.js'
import { setObjectTimes } from '../../hdf5/object-times.js'
import type { Lane } from '../../memory/lane.js'
import { slotOffset } from '../../memory/lane-layout.js'
import type { Assignment } from '../assignment.js'
import type { FrameReader } from '../frame-reader.js'
import { StoppedError } from '../pool.js'
import { cellStatistics } from './cell-statistics.js'
import { storeOf } from './lane-planes.js'
import type { DarkOperations } from './tasks.js'

/** What a worker thread has at hand. */
export interface DarkContext {
  readonly at: (lane: number) => { readonly lane: Lane; readonly kernels: Kernels }
  readonly reader: FrameReader
  readonly stop: Int32Array
}

/** The worker's side of {@link DarkOperations}. */
export function darkOperations({ at, reader, stop }: DarkContext): DarkOperations {
  /** Takes the task's slot through its states around `work`. */
  const onLane = async <T>(
    task: Assignment,
    work: (lane: Lane, kernels: Kernels) => T | Promise<T>,
  ): Promise<T> => {
    if (Atomics.load(stop, 0) !== 0) throw new StoppedError('stopped')
    const { lane, kernels } = at(task.lane)
    lane.advance(task.slot, task.id, task.epoch, 'correcting')
    const result = await work(lane, kernels)
    lane.advance(task.slot, task.id, task.epoch, 'done')
    return result
  }
  return {
    darkStatistics: task => onLane(task, (lane, kernels) => cellStatistics(task, { lane, kernels, reader })),
    darkJudge: task =>
      onLane(task, lane => {
        const { recipe } = task
        const stages = recipe.stages.map((_, stage) => stagePlanes(storeOf(lane), recipe, task.cell, stage))
        return judgeCell(stages, task.present, task.limits, recipe.thresholds)
      }),
    darkWrite: task =>
      onLane(task, async (lane, kernels) => {
        const { detector, recipe, cells, pdu } = task
        const { layout } = lane.handle
        const room = { kernels, at: slotOffset(layout, task.slot), bytes: layout.slot.bytes }
        const constants = darkConstants(detector, recipe, storeOf(lane), cells, pdu, room)
        await writeConstants(task.path, constants)
        await setObjectTimes(task.path, task.beginAt)
      }),
    darkPicture: task =>
      onLane(task, lane => {
        const { detector, recipe } = task
        return pictureStage(detector, recipe, storeOf(lane), task.cells, task.stage)
      }),
    darkDifference: task =>
      onLane(task, lane => {
        const { detector, recipe } = task
        return differenceOf(detector, recipe, storeOf(lane), task.cells, task.previous)
      }),
  }
}
