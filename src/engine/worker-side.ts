import { loadPlanes } from '../../constants/load.js'
import { instantiateKernels, kernelModule } from '../corrections/kernel.js'
import { openLibrary } from '../hdf5/library.js'
import { Lane } from '../memory/lane.js'
import { slotOffset } from '../memory/lane-layout.js'
import { recordOf } from '../model/errors.js'
import { correctBlock } from './correct-block.js'
import { FrameReader } from './frame-reader.js'
import type { Answer, ConstantsTask, OperationName, Operations, ResultOf, TaskOf } from './operations.js'
import { StoppedError, type WorkerData } from './pool.js'
import { PhaseTotals, timed } from './statistics.js'

type Handlers = { readonly [N in OperationName]: (task: TaskOf<N>) => Answer<N> }

/** What a worker thread offers: every operation, over all lanes of the engine, errors turned into records. */
export async function createOperations({ lanes, stop }: WorkerData): Promise<Handlers> {
  const module = kernelModule()
  const attached = lanes.map(handle => ({
    lane: Lane.attach(handle),
    kernels: instantiateKernels(module, handle.memory),
  }))
  const reader = new FrameReader(await openLibrary())
  const word = new Int32Array(stop)
  const at = (id: number) => {
    const found = attached[id]
    if (!found) throw new Error(`there is no lane ${id}`)
    return found
  }
  return {
    correctBlock: answering(task => correctBlock(task, { ...at(task.lane), reader, stop: word })),
    loadConstants: answering(task => loadConstants(task, at(task.lane).lane, word)),
  }
}

function answering<N extends OperationName>(operation: Operations[N]): (task: TaskOf<N>) => Answer<N> {
  return task => {
    try {
      return { ok: true, value: (operation as (task: TaskOf<N>) => ResultOf<N>)(task) }
    } catch (error) {
      return { ok: false, error: error instanceof StoppedError ? 'stopped' : recordOf(error) }
    }
  }
}

function loadConstants(
  task: ConstantsTask,
  lane: Lane,
  stop: Int32Array,
): { times: ReturnType<PhaseTotals['snapshot']> } {
  if (Atomics.load(stop, 0) !== 0) throw new StoppedError('stopped')
  const { layout, memory } = lane.handle
  lane.advance(task.slot, task.id, task.epoch, 'reading')
  const times = new PhaseTotals()
  const scratch = new Uint8Array(memory.buffer, slotOffset(layout, task.slot), layout.slot.bytes)
  timed(times, 'constants', 0, () => loadPlanes(task.load, memory, scratch))
  lane.advance(task.slot, task.id, task.epoch, 'done')
  return { times: times.snapshot() }
}
