import { Lane } from '../../memory/lane.js'
import { recordOf } from '../../model/errors.js'
import { StoppedError } from '../../model/interruptions.js'
import { instantiateKernels, type Kernels } from '../../wasm/kernels.js'
import type { Assignment } from '../contract/assignment.js'
import type { Answer, Operation, Posted, WorkerData } from '../contract/operation.js'

/** A lane and the kernels bound to its memory. */
export interface AttachedLane {
  readonly lane: Lane
  readonly kernels: Kernels
}

/** What handlers find on their thread. */
export interface Thread {
  /** The task's lane: attached once for each layout, and its kernels bound once for each memory. */
  lane(task: Pick<Assignment, 'lane'>): AttachedLane
}

/** One operation as a thread offers it. */
export interface Offer {
  readonly name: string
  handle(task: never, thread: Thread): unknown
}

/** Says how a thread does `operation`. */
export function offer<Task, Result>(
  { name }: Operation<Task, Result>,
  handle: (task: Task, thread: Thread) => Result | Promise<Result>,
): Offer {
  return { name, handle }
}

/**
 * The function that a thread offers: does what is posted, one task after the other. A thread has several tasks at hand
 * (threads/pool.ts), but one at a time under way.
 * @param atOnce tasks under way at a time, where they wait for something that is not the processor.
 */
export function serve(
  { kernels }: WorkerData,
  offers: readonly Offer[],
  atOnce = 1,
): (posted: Posted) => Promise<Answer> {
  const byName = new Map(offers.map(({ name, handle }) => [name, handle]))
  const thread: Thread = { lane: attaching(kernels) }
  const rows = Array.from({ length: atOnce }, () => ({
    last: Promise.resolve() as Promise<unknown>,
    tasks: 0,
  }))
  return posted => {
    const row = rows.reduce((least, one) => (one.tasks < least.tasks ? one : least))
    row.tasks++
    const answered = row.last.then(() => answer(byName, posted, thread)).finally(() => row.tasks--)
    row.last = answered
    return answered
  }
}

async function answer(
  handlers: ReadonlyMap<string, Offer['handle']>,
  { operation, task }: Posted,
  thread: Thread,
): Promise<Answer> {
  try {
    const handle = handlers.get(operation)
    if (handle === undefined)
      throw new Error(`there is no operation ${operation}, only ${[...handlers.keys()].join(', ')}`)
    return { ok: true, value: await handle(task as never, thread) }
  } catch (error) {
    return { ok: false, error: error instanceof StoppedError ? 'stopped' : recordOf(error) }
  }
}

function attaching(module: WebAssembly.Module): Thread['lane'] {
  const attached = new Map<number, AttachedLane>()
  return ({ lane: handle }) => {
    const known = attached.get(handle.id)
    if (known?.lane.handle.generation === handle.generation) return known
    const lane = Lane.attach(known ? { ...handle, memory: known.lane.handle.memory } : handle)
    const fresh = { lane, kernels: known?.kernels ?? instantiateKernels(module, handle.memory) }
    attached.set(handle.id, fresh)
    return fresh
  }
}

/** @throws StoppedError once the run's stop word is set. */
export function unlessStopped({ stop }: Pick<Assignment, 'stop'>): void {
  if (Atomics.load(stop, 0) !== 0) throw new StoppedError()
}
