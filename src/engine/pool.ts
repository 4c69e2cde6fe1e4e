import { createRequire } from 'node:module'
import { Piscina } from 'piscina'
import type { LaneHandle } from '../memory/lane.js'
import { errorOf } from '../model/errors.js'
import type { Answer, OperationName, ResultOf, TaskOf } from './operations.js'

/** Given to every worker thread at its start, and to each one that replaces a dead one. */
export interface WorkerData {
  readonly lanes: readonly LaneHandle[]
  /** Compiled once for all threads. */
  readonly kernels: WebAssembly.Module
  /** The engine's stop word: an Int32Array of one; not zero asks every task to stop at its next tile. */
  readonly stop: SharedArrayBuffer
}

/** Thrown by operations that saw the stop word. */
export class StoppedError extends Error {
  override name = 'StoppedError'
}

/** Thrown when the thread that ran an operation died: the operation may be run once more. */
export class WorkerDiedError extends Error {
  override name = 'WorkerDiedError'
}

/**
 * Worker threads that run any operation on any lane.
 *
 * Cancelling goes by the stop word, never by piscina's signal, which would kill the thread amid a write.
 */
export class WorkerPool {
  readonly size: number
  readonly #piscina: Piscina
  readonly #stop: Int32Array

  /** @param entry worker file; only tests give another one. */
  constructor(size: number, lanes: readonly LaneHandle[], kernels: WebAssembly.Module, entry?: string) {
    this.size = size
    const stop = new SharedArrayBuffer(4)
    this.#stop = new Int32Array(stop)
    const workerData: WorkerData = { lanes, kernels, stop }
    this.#piscina = new Piscina({
      filename: entry ?? createRequire(import.meta.url).resolve('#workers/engine'),
      minThreads: size,
      maxThreads: size,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData,
    })
    // A thread that dies idle is replaced; its error has no task to belong to.
    this.#piscina.on('error', () => {})
  }

  /**
   * Runs `name` on some thread.
   * @throws StoppedError after {@link stop}. @throws WorkerDiedError if the thread died. @throws what the operation threw.
   */
  async run<N extends OperationName>(name: N, task: TaskOf<N>): Promise<ResultOf<N>> {
    let answer: Answer<N>
    try {
      answer = (await this.#piscina.run(task, { name })) as Answer<N>
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

  /** Asks all running operations to stop at their next tile. */
  stop(): void {
    Atomics.store(this.#stop, 0, 1)
  }

  /** Ends all threads, after their running operations. */
  async close(): Promise<void> {
    await this.#piscina.close({ force: true }).catch(() => {})
    await this.#piscina.destroy()
  }
}
