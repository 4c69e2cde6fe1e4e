import { checksumsOf } from '../../../constants/checksums/verification.js'
import { darkConstants } from '../../../constants/dark/arrays.js'
import { judgeCell } from '../../../constants/dark/bad-pixels.js'
import { differenceOf } from '../../../constants/dark/difference.js'
import { pictureStage } from '../../../constants/dark/picture.js'
import { stagePlanes } from '../../../constants/dark/planes.js'
import type { KernelRoom } from '../../../constants/dark/room.js'
import { locateConstant } from '../../../constants/source.js'
import { contentOfNow } from '../../../constants/store.js'
import { fillConstants, storedAs } from '../../../constants/write.js'
import type { Kernels } from '../../corrections/kernel.js'
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
  /** Takes the task's slot, in which kernels may work, through its states around `work`. */
  const onLane = async <T>(
    task: Assignment,
    work: (lane: Lane, room: KernelRoom) => T | Promise<T>,
  ): Promise<T> => {
    if (Atomics.load(stop, 0) !== 0) throw new StoppedError('stopped')
    const { lane, kernels } = at(task.lane)
    lane.advance(task.slot, task.id, task.epoch, 'correcting')
    const { memory, layout } = lane.handle
    const room = {
      ...{ kernels, buffer: memory.buffer },
      ...{ at: slotOffset(layout, task.slot), bytes: layout.slot.bytes },
    }
    const result = await work(lane, room)
    lane.advance(task.slot, task.id, task.epoch, 'done')
    return result
  }
  return {
    darkStatistics: task =>
      onLane(task, (lane, { kernels }) => cellStatistics(task, { lane, kernels, reader })),
    darkJudge: task =>
      onLane(task, (lane, room) => {
        const { recipe } = task
        const stages = recipe.stages.map((_, stage) => stagePlanes(storeOf(lane), recipe, task.cell, stage))
        return judgeCell(stages, task.present, task.limits, recipe.thresholds, room)
      }),
    darkWrite: task =>
      onLane(task, async (lane, room) => {
        const { detector, recipe, cells, pdu, path } = task
        const constants = darkConstants(detector, recipe, storeOf(lane), cells, pdu, room)
        fillConstants(path, constants)
        const content = contentOfNow(path)
        const checksums = new Map<string, Uint8Array>()
        for (const constant of constants) {
          const { dataset } = storedAs(constant)
          const version = { ...constant, dataset, path, size: content.size }
          checksums.set(dataset, await checksumsOf(await locateConstant(detector, version)))
        }
        return { content, checksums }
      }),
    darkPicture: task =>
      onLane(task, (lane, room) => {
        const { detector, recipe, cells, stage } = task
        return pictureStage(detector, recipe, storeOf(lane), cells, stage, room)
      }),
    darkDifference: task =>
      onLane(task, lane => {
        const { detector, recipe } = task
        return differenceOf(detector, recipe, storeOf(lane), task.cells, task.previous)
      }),
  }
}
