import { loadPlanes } from '../../constants/load.js'
import { finiteMedian } from '../../constants/median.js'
import { type PiecesOptions, readPieces, writePieces } from '../../constants/pack/pieces.js'
import { contentOfNow } from '../../constants/store.js'
import { instantiateKernels, type Kernels } from '../corrections/kernel.js'
import { Lane, type LaneHandle, type SlotState } from '../memory/lane.js'
import { slotOffset } from '../memory/lane-layout.js'
import { recordOf } from '../model/errors.js'
import { correctBlock } from './correct-block.js'
import { darkOperations } from './dark/worker.js'
import { FrameReader } from './frame-reader.js'
import type {
  Answer,
  ConstantsResult,
  ConstantsTask,
  OperationName,
  Operations,
  PackTask,
  ReadPackResult,
  ReadPackTask,
  ResultOf,
  TaskOf,
  WritePackResult,
} from './operations.js'
import { type PostedTask, StoppedError, type WorkerData } from './pool.js'
import { PhaseTotals, timed } from './statistics.js'
import { Density } from './tile-correction.js'

type Handlers = { readonly [N in OperationName]: (task: PostedTask<N>) => Promise<Answer<N>> }

/** A lane and the kernels bound to its memory. */
interface Attached {
  readonly lane: Lane
  readonly kernels: Kernels
}

/** What a worker thread offers: every operation, over all lanes it is told of, errors turned into records. */
export function createOperations({ kernels, stop }: WorkerData): Handlers {
  const attached: Attached[] = []
  /** Once a lane: later handles of it are the same memory. */
  const attach = (handle: LaneHandle): void => {
    attached[handle.id] ??= {
      lane: Lane.attach(handle),
      kernels: instantiateKernels(kernels, handle.memory),
    }
  }
  const reader = new FrameReader()
  const density = new Density()
  const word = new Int32Array(stop)
  const at = (id: number) => {
    const found = attached[id]
    if (!found) throw new Error(`there is no lane ${id}`)
    return found
  }
  const dark = darkOperations({ at, reader, stop: word })
  // A thread has several tasks at hand (pool.ts), but one at a time under way.
  let last: Promise<unknown> = Promise.resolve()
  const answering =
    <N extends OperationName>(operation: Operations[N]) =>
    (task: PostedTask<N>): Promise<Answer<N>> => {
      const answered = last.then(() =>
        answer(() => {
          if (task.handle) attach(task.handle)
          return (operation as (task: TaskOf<N>) => ResultOf<N> | Promise<ResultOf<N>>)(task)
        }),
      )
      last = answered
      return answered
    }
  return {
    darkStatistics: answering(dark.darkStatistics),
    darkJudge: answering(dark.darkJudge),
    darkWrite: answering(dark.darkWrite),
    darkPicture: answering(dark.darkPicture),
    darkDifference: answering(dark.darkDifference),
    correctBlock: answering(task => correctBlock(task, { ...at(task.lane), reader, density, stop: word })),
    loadConstants: answering(task => loadConstants(task, at(task.lane), word)),
    readPack: answering(task => readPack(task, at(task.lane), word)),
    writePack: answering(task => writePack(task, at(task.lane), word)),
    medianOf: answering(task => finiteMedian(task.detector, task.source)),
    contentOf: answering(({ path }) => contentOfNow(path)),
    ready: answering(() => {}),
  }
}

async function answer<N extends OperationName>(
  operation: () => ResultOf<N> | Promise<ResultOf<N>>,
): Promise<Answer<N>> {
  try {
    return { ok: true, value: await operation() }
  } catch (error) {
    return { ok: false, error: error instanceof StoppedError ? 'stopped' : recordOf(error) }
  }
}

async function loadConstants(
  task: ConstantsTask,
  { lane, kernels }: Attached,
  stop: Int32Array,
): Promise<ConstantsResult> {
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
    checkpoint: () => unlessStopped(stop),
  })
  const times = new PhaseTotals()
  times.add('constants', Number(process.hrtime.bigint() - start), report.bytes)
  lane.advance(task.slot, task.id, task.epoch, 'done')
  return { report, times: times.snapshot() }
}

function readPack(task: ReadPackTask, attached: Attached, stop: Int32Array): ReadPackResult {
  const times = new PhaseTotals()
  const bytes = task.count * task.planeBytes
  const damage = onSlot(task, attached, 'reading', () =>
    timed(times, 'constants', bytes, () => readPieces(piecesOf(task, attached, stop), task.checksums)),
  )
  return { ...(damage === undefined ? {} : { damage }), times: times.snapshot() }
}

function writePack(task: PackTask, attached: Attached, stop: Int32Array): WritePackResult {
  const times = new PhaseTotals()
  const bytes = task.count * task.planeBytes
  const checksums = onSlot(task, attached, 'writing', () =>
    timed(times, 'keep', bytes, () => writePieces(piecesOf(task, attached, stop))),
  )
  return { checksums, times: times.snapshot() }
}

function onSlot<T>({ id, epoch, slot }: PackTask, { lane }: Attached, state: SlotState, work: () => T): T {
  lane.advance(slot, id, epoch, state)
  const result = work()
  lane.advance(slot, id, epoch, 'done')
  return result
}

function piecesOf(task: PackTask, { lane, kernels }: Attached, stop: Int32Array): PiecesOptions {
  const { layout, memory } = lane.handle
  return {
    ...task,
    buffer: memory.buffer,
    base: layout.constants,
    kernels,
    scratch: slotOffset(layout, task.slot),
    checkpoint: () => unlessStopped(stop),
  }
}

function unlessStopped(stop: Int32Array): void {
  if (Atomics.load(stop, 0) !== 0) throw new StoppedError('stopped')
}
