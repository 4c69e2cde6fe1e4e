import { darkConstants } from '../../../constants/dark/arrays.js'
import { evaluateCell } from '../../../constants/dark/bad-pixels.js'
import { differenceOf } from '../../../constants/dark/difference.js'
import { meansOfSums } from '../../../constants/dark/levels.js'
import { stagePlanes } from '../../../constants/dark/planes.js'
import { previewStage } from '../../../constants/dark/preview.js'
import type { KernelWorkspace } from '../../../constants/dark/workspace.js'
import { checksumsOf } from '../../../constants/files/checksums/verification.js'
import { locateConstant } from '../../../constants/files/source.js'
import { fillConstants, storedAs } from '../../../constants/files/write.js'
import { contentOfSync } from '../../files/content.js'
import type { Lane } from '../../memory/lane.js'
import { slotOffset } from '../../memory/lane-layout.js'
import type { Assignment } from '../contract/assignment.js'
import type { Operation } from '../contract/operation.js'
import { FrameReader } from '../worker/frame-reader.js'
import { type Offer, offer, unlessStopped } from '../worker/thread.js'
import { cellStatistics } from './cell-statistics.js'
import { storeOf } from './lane-planes.js'
import { darkDifference, darkEvaluate, darkPreview, darkStatistics, darkWrite } from './tasks.js'

/** What a worker thread offers for a dark characterisation. */
export function darkOffers(): Offer[] {
  const reader = new FrameReader()
  return [
    onLane(darkStatistics, (task, lane, { kernels }) => cellStatistics(task, { lane, kernels, reader })),
    onLane(darkEvaluate, (task, lane, workspace) => {
      const { recipe } = task
      const stages = recipe.stages.map((_, stage) => stagePlanes(storeOf(lane), recipe, task.cell, stage))
      const present = task.frames.map(frames => frames > 0)
      if (!recipe.thresholds) return evaluateCell(stages, present, task.limits, false, workspace)
      const midpoints = meansOfSums(stages, task.frames, workspace)
      const taken = midpoints.reduce((bytes, { byteLength }) => bytes + byteLength, 0)
      const rest = { ...workspace, at: workspace.at + taken, bytes: workspace.bytes - taken }
      const evaluated = evaluateCell(stages, present, task.limits, true, rest)
      for (const [stage, midpoint] of midpoints.entries()) stages[stage]?.gain?.deviation.set(midpoint)
      return evaluated
    }),
    onLane(darkWrite, async (task, lane, workspace) => {
      const { detector, recipe, cells, pdu, path } = task
      const constants = darkConstants(detector, recipe, storeOf(lane), cells, pdu, workspace)
      fillConstants(path, constants)
      const content = contentOfSync(path)
      const checksums = new Map<string, Uint8Array>()
      for (const constant of constants) {
        const { dataset } = storedAs(constant)
        const version = { ...constant, dataset, path, size: content.size }
        checksums.set(dataset, await checksumsOf(await locateConstant(detector, version)))
      }
      return { content, checksums }
    }),
    onLane(darkPreview, (task, lane, workspace) => {
      const { detector, recipe, cells, stage } = task
      return previewStage(detector, recipe, storeOf(lane), cells, stage, workspace)
    }),
    onLane(darkDifference, (task, lane) => {
      const { detector, recipe } = task
      return differenceOf(detector, recipe, storeOf(lane), task.cells, task.previous)
    }),
  ]
}

/** Takes the task's slot, in which kernels may work, through its states around `work`. */
function onLane<Task extends Assignment, Result>(
  operation: Operation<Task, Result>,
  work: (task: Task, lane: Lane, workspace: KernelWorkspace) => Result | Promise<Result>,
): Offer {
  return offer(operation, async (task, thread) => {
    unlessStopped(task)
    const { lane, kernels } = thread.lane(task)
    lane.advance(task.slot, task.id, task.epoch, 'correcting')
    const { memory, layout } = lane.handle
    const workspace = {
      ...{ kernels, buffer: memory.buffer },
      ...{ at: slotOffset(layout, task.slot), bytes: layout.slot.bytes },
    }
    const result = await work(task, lane, workspace)
    lane.advance(task.slot, task.id, task.epoch, 'done')
    return result
  })
}
