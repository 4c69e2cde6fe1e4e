import { type PiecesOptions, readPieces, writePieces } from '../../../constants/cache/pieces.js'
import { loadPlanes } from '../../../constants/loading/load.js'
import { finiteMedian } from '../../../constants/loading/median.js'
import { ASIC_SIDE } from '../../corrections/common-mode.js'
import { contentOfSync } from '../../files/content.js'
import type { SlotState } from '../../memory/lane.js'
import { slotOffset } from '../../memory/lane-layout.js'
import type { CorrectorFactory } from '../contract/corrector.js'
import {
  type ConstantsResult,
  type ConstantsTask,
  contentOfFile,
  correctBlock,
  findMedian,
  loadConstants,
  markNoisyBlocks,
  type NoisyTask,
  type PackTask,
  type ReadPackResult,
  type ReadPackTask,
  readPack,
  ready,
  reduce,
  type WritePackResult,
  writePack,
} from '../contract/operations.js'
import { PhaseTotals, timed } from '../contract/phase-times.js'
import { type BlockState, runBlock } from './correct-block.js'
import { finishingCorrector } from './finishing-corrector.js'
import { FrameReader } from './frame-reader.js'
import { kernelCorrector } from './kernel-corrector.js'
import { reduceStrip } from './reduce-strip.js'
import { type AttachedLane, type Offer, offer, unlessStopped } from './thread.js'
import { Density } from './tile-correction.js'

/**
 * What a worker thread offers for a correction.
 * @param preferred correctors to be tried before the kernels, which can do everything.
 */
export function correctionOffers(preferred: readonly CorrectorFactory[] = []): Offer[] {
  const correctors = [...preferred, byKernels]
  // One of each for every block that is under way.
  const idle: BlockState[] = []
  const withState = async <T>(work: (state: BlockState) => Promise<T>): Promise<T> => {
    const state = idle.pop() ?? { reader: new FrameReader(), density: new Density(), correctors }
    try {
      return await work(state)
    } finally {
      idle.push(state)
    }
  }
  return [
    offer(correctBlock, (task, thread) => withState(state => runBlock(task, thread.lane(task), state))),
    offer(reduce, (task, thread) => withState(({ reader }) => reduceStrip(task, thread.lane(task), reader))),
    offer(loadConstants, (task, thread) => load(task, thread.lane(task))),
    offer(markNoisyBlocks, (task, thread) => noisyBlocks(task, thread.lane(task))),
    offer(readPack, (task, thread) => read(task, thread.lane(task))),
    offer(writePack, (task, thread) => write(task, thread.lane(task))),
    offer(findMedian, task => finiteMedian(task.detector, task.source)),
    offer(contentOfFile, ({ path }) => contentOfSync(path)),
    offer(ready, () => {}),
  ]
}

/** The kernels, which can do everything. */
const byKernels: CorrectorFactory = (module, slot, kernels) =>
  module.finishing
    ? finishingCorrector(module, module.finishing, slot, kernels)
    : kernelCorrector(module, slot, kernels)

async function load(task: ConstantsTask, { lane, kernels }: AttachedLane): Promise<ConstantsResult> {
  const { layout, memory } = lane.handle
  lane.advance(task.slot, task.id, task.epoch, 'reading')
  const start = process.hrtime.bigint()
  const report = await loadPlanes({
    detector: task.detector,
    buffer: memory.buffer,
    kernels,
    base: layout.constants,
    cells: task.cells,
    planes: task.planes,
    constants: task.constants,
    slowScan: task.slowScan,
    ...(task.median === undefined ? {} : { median: task.median }),
    scratch: new Uint8Array(memory.buffer, slotOffset(layout, task.slot), layout.slot.bytes),
    checkpoint: () => unlessStopped(task),
  })
  const times = new PhaseTotals()
  times.add('constants', Number(process.hrtime.bigint() - start), report.bytes)
  lane.advance(task.slot, task.id, task.epoch, 'done')
  return { report, times: times.snapshot() }
}

function noisyBlocks(
  { planes, cells: [first, end], detector, slot, id, epoch }: NoisyTask,
  { lane, kernels }: AttachedLane,
): void {
  const { layout } = lane.handle
  const { slowScan, fastScan } = detector
  lane.advance(slot, id, epoch, 'correcting')
  for (let cell = first; cell < end; cell++)
    for (const [i, plane] of planes.entries()) {
      if (plane.kind !== 'bad-pixels' || plane.noisyShare === undefined) continue
      const masks = layout.constants + (cell * planes.length + i) * 4 * layout.pixels
      kernels.markNoisy(masks, slowScan, fastScan, plane.noisyShare * ASIC_SIDE ** 2)
    }
  lane.advance(slot, id, epoch, 'done')
}

function read(task: ReadPackTask, attached: AttachedLane): ReadPackResult {
  const times = new PhaseTotals()
  const bytes = task.count * task.planeBytes
  const damage = onSlot(task, attached, 'reading', () =>
    timed(times, 'constants', bytes, () => readPieces(piecesOf(task, attached), task.checksums)),
  )
  return { ...(damage === undefined ? {} : { damage }), times: times.snapshot() }
}

function write(task: PackTask, attached: AttachedLane): WritePackResult {
  const times = new PhaseTotals()
  const bytes = task.count * task.planeBytes
  const checksums = onSlot(task, attached, 'writing', () =>
    timed(times, 'keep', bytes, () => writePieces(piecesOf(task, attached))),
  )
  return { checksums, times: times.snapshot() }
}

function onSlot<T>(
  { id, epoch, slot }: PackTask,
  { lane }: AttachedLane,
  state: SlotState,
  work: () => T,
): T {
  lane.advance(slot, id, epoch, state)
  const result = work()
  lane.advance(slot, id, epoch, 'done')
  return result
}

function piecesOf(task: PackTask, { lane, kernels }: AttachedLane): PiecesOptions {
  const { layout, memory } = lane.handle
  return {
    ...{ fd: task.fd, payload: task.payload, planeBytes: task.planeBytes },
    ...{ first: task.first, count: task.count },
    buffer: memory.buffer,
    base: layout.constants,
    kernels,
    scratch: slotOffset(layout, task.slot),
    checkpoint: () => unlessStopped(task),
  }
}
