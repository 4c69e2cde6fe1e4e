import type { Piscina } from 'piscina'
import { errorOf } from '../../model/errors.js'
import { StoppedError, WorkerDiedError } from '../../model/interruptions.js'
import {
  type Answer,
  type Operation,
  type Posted,
  TASKS_A_THREAD,
  type WorkerData,
} from '../contract/operation.js'

/**
 * Worker threads by number. Piscina gives a task to any thread that is free, so each thread is a pool of one: it starts
 * the thread, replaces it when it dies, and is addressed.
 *
 * Stopping goes by a run's stop word, never by piscina's signal, which would kill the thread amid a write.
 */
export class ThreadPool {
  readonly #threads: Piscina[]
  #closed: Promise<void> | undefined

  private constructor(threads: Piscina[]) {
    this.#threads = threads
    // A thread that dies idle is replaced; its error has no task to belong to.
    for (const thread of threads) thread.on('error', () => {})
  }

  /**
   * Starts threads, one for each of `entries`; tasks may be given to them at once.
   * @param entries worker files, in CommonJS (rolldown.config.mjs says why).
   */
  static async start(entries: readonly string[], kernels: WebAssembly.Module): Promise<ThreadPool> {
    // Imported here: commands that start no thread need not load it.
    const { Piscina } = await import('piscina')
    const workerData: WorkerData = { kernels }
    const start = (filename: string): Piscina =>
      new Piscina({
        filename,
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: TASKS_A_THREAD,
        idleTimeout: Number.POSITIVE_INFINITY,
        workerData,
      })
    return new ThreadPool(entries.map(start))
  }

  get size(): number {
    return this.#threads.length
  }

  /**
   * Runs an operation on thread `task.thread`, behind those it has in hand.
   * @throws StoppedError if the task saw its run's stop word. @throws WorkerDiedError if the thread died.
   * @throws what the operation threw.
   */
  async run<Task extends { readonly thread: number }, Result>(
    { name }: Operation<Task, Result>,
    task: Task,
  ): Promise<Result> {
    const thread = this.#threads[task.thread]
    if (thread === undefined) throw new RangeError(`there is no thread ${task.thread}`)
    const posted: Posted = { operation: name, task }
    let answer: Answer
    try {
      answer = await thread.run(posted)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new WorkerDiedError(`a worker thread died: ${reason}`, { cause: error })
    }
    if (answer.ok) return answer.value as Result
    throw answer.error === 'stopped' ? new StoppedError() : errorOf(answer.error)
  }

  /** Ends the last thread, after its running operations. */
  async dropLast(): Promise<void> {
    const thread = this.#threads.pop()
    if (thread) await end(thread)
  }

  /** Ends all threads, after their running operations. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all(this.#threads.map(end))
  }
}

async function end(thread: Piscina): Promise<void> {
  await thread.close({ force: true }).catch(() => {})
  await thread.destroy()
}
