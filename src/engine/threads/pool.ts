import { createRequire } from 'node:module'
import type { Piscina } from 'piscina'
import type { LaneHandle } from '../../memory/lane.js'
import { errorOf } from '../../model/errors.js'
import type { Answer, OperationName, ResultOf, TaskOf } from '../contract/operations.js'
import { LaneQueue } from './lane-queue.js'
import { Seats } from './seats.js'

/** Given to every worker thread at its start, and to each one that replaces a dead one. */
export interface WorkerData {
  /** Compiled once for all threads. */
  readonly kernels: WebAssembly.Module
  /** The engine's stop word: an Int32Array of one; not zero asks every task to stop at its next tile. */
  readonly stop: SharedArrayBuffer
}

/** A task as it is posted: with the lane it names, which a thread that has not met it yet attaches. */
export type PostedTask<N extends OperationName> = TaskOf<N> & { readonly handle?: LaneHandle }

/**
 * Tasks that a thread is given at once: it does them one after the other, and has the next at hand while the main thread
 * declares a file.
 */
export const TASKS_A_THREAD = 2

/** Stands for the lane of tasks that need none. */
const NO_LANE = -1

/** Thrown by operations that saw the stop word. */
export class StoppedError extends Error {
  override name = 'StoppedError'
}

/** Thrown when the thread that ran an operation died: the operation may be run once more. */
export class WorkerDiedError extends Error {
  override name = 'WorkerDiedError'
}

/**
 * Worker threads that run any operation on any lane. Lanes travel with the tasks, so that the threads can start
 * before it is known how large the lanes will be.
 *
 * Cancelling goes by the stop word, never by piscina's signal, which would kill the thread amid a write.
 */
export class WorkerPool {
  readonly size: number
  readonly #piscina: Piscina
  readonly #stop: Int32Array
  readonly #queue: LaneQueue
  readonly #seats: Seats
  #lanes: readonly LaneHandle[] = []
  #closed: Promise<void> | undefined

  private constructor(size: number, piscina: Piscina, seats: Seats, stop: Int32Array) {
    this.size = size
    this.#piscina = piscina
    this.#seats = seats
    this.#stop = stop
    this.#queue = new LaneQueue(size, TASKS_A_THREAD)
    // A thread that dies idle is replaced; its error has no task to belong to.
    this.#piscina.on('error', () => {})
  }

  /**
   * Starts the threads; tasks may be given to them at once.
   * @param entry worker file, in CommonJS (rolldown.config.mjs says why); only tests give another one.
   */
  static async start(size: number, kernels: WebAssembly.Module, entry?: string): Promise<WorkerPool> {
    // Imported here: worker threads import this module for its errors.
    const { Piscina } = await import('piscina')
    const stop = new SharedArrayBuffer(4)
    const workerData: WorkerData = { kernels, stop }
    const seats = new Seats(TASKS_A_THREAD)
    const piscina = new Piscina({
      filename: entry ?? createRequire(import.meta.url).resolve('#workers/engine'),
      minThreads: size,
      maxThreads: size,
      concurrentTasksPerWorker: TASKS_A_THREAD,
      loadBalancer: (_task, threads) => seats.choose(threads),
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData,
    })
    return new WorkerPool(size, piscina, seats, new Int32Array(stop))
  }

  /** Tells, before the first task that names one, which lanes there are: `lanes[i].id` is i. */
  use(lanes: readonly LaneHandle[]): void {
    this.#lanes = lanes
  }

  /**
   * Runs `name` on some thread.
   * @throws StoppedError after {@link stop}. @throws WorkerDiedError if the thread died. @throws what the operation threw.
   */
  async run<N extends OperationName>(name: N, task: TaskOf<N>): Promise<ResultOf<N>> {
    const lane = 'lane' in task ? task.lane : NO_LANE
    const handle = this.#lanes[lane]
    const posted: PostedTask<N> = handle === undefined ? task : { ...task, handle }
    let answer: Answer<N>
    try {
      const post = (): Promise<Answer<N>> => this.#piscina.run(posted, { name })
      answer = await this.#queue.run(lane, thread => this.#seats.at(thread, post))
    } catch (error) {
      throw new WorkerDiedError(
        `a worker thread died: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      )
    }
    if (answer.ok) return answer.value
    if (answer.error === 'stopped') throw new StoppedError('stopped')
    throw errorOf(answer.error)
  }

  /** Resolves when all threads have started. Nobody needs to wait for that: tasks are taken before. */
  async ready(): Promise<void> {
    await Promise.all(Array.from({ length: this.size * TASKS_A_THREAD }, () => this.run('ready', {})))
  }

  /** Asks all running operations to stop at their next tile. */
  stop(): void {
    Atomics.store(this.#stop, 0, 1)
  }

  /** Ends all threads, after their running operations. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#piscina.close({ force: true }).catch(() => {})
    await this.#piscina.destroy()
  }
}
