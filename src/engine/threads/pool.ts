import { createRequire } from 'node:module'
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
  readonly size: number
  readonly #threads: readonly Piscina[]
  #closed: Promise<void> | undefined

  private constructor(threads: readonly Piscina[]) {
    this.size = threads.length
    this.#threads = threads
    // A thread that dies idle is replaced; its error has no task to belong to.
    for (const thread of threads) thread.on('error', () => {})
  }

  /**
   * Starts `size` threads; tasks may be given to them at once.
   * @param entry worker file, in CommonJS (rolldown.config.mjs says why); only tests give another one.
   */
  static async start(size: number, kernels: WebAssembly.Module, entry?: string): Promise<ThreadPool> {
    // Imported here: commands that start no thread need not load it.
    const { Piscina } = await import('piscina')
    const workerData: WorkerData = { kernels }
    const filename = entry ?? createRequire(import.meta.url).resolve('#workers/engine')
    const start = (): Piscina =>
      new Piscina({
        filename,
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: TASKS_A_THREAD,
        idleTimeout: Number.POSITIVE_INFINITY,
        workerData,
      })
    return new ThreadPool(Array.from({ length: size }, start))
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

  /** Ends all threads, after their running operations. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all(
      this.#threads.map(async thread => {
        await thread.close({ force: true }).catch(() => {})
        await thread.destroy()
      }),
    )
  }
}
