import { LanePool } from '../../memory/lane-pool.js'
import { kernelModule } from '../../wasm/kernels.js'
import { type Operation, TASKS_A_THREAD } from '../contract/operation.js'
import { ready } from '../contract/operations.js'
import { Dispatcher } from './dispatcher.js'
import { fileAffinity, type Policy } from './policy.js'
import { ThreadPool } from './pool.js'

export interface EngineOptions {
  /** Threads. */
  readonly workers: number
  /** Which job a thread takes next; absent: the one for files. */
  readonly policy?: Policy
  /** The WebAssembly module to correct with, if not detcal's own: one that has more detectors' kernels. */
  readonly kernels?: WebAssembly.Module
  /** Worker file; only tests give another one. */
  readonly workerEntry?: string
}

/** Threads, the dispatcher in front of them, and lanes: made once, and lent to one run after the other or side by side. */
export class Engine {
  readonly pool: ThreadPool
  readonly dispatcher: Dispatcher
  readonly lanes = new LanePool()

  private constructor(pool: ThreadPool, policy: Policy) {
    this.pool = pool
    this.dispatcher = new Dispatcher(pool.size, TASKS_A_THREAD, policy)
  }

  /** Starts the threads, and does not wait for them: they load their modules while a run is opened. */
  static async start(options: EngineOptions): Promise<Engine> {
    const { workers, policy = fileAffinity, kernels = kernelModule(), workerEntry } = options
    return new Engine(await ThreadPool.start(workers, kernels, workerEntry), policy)
  }

  /** Runs an operation that needs no slot, on the next thread that has room. @throws what {@link ThreadPool.run} throws. */
  call<Task extends { readonly thread: number }, Result>(
    operation: Operation<Task, Result>,
    task: Omit<Task, 'thread'>,
  ): Promise<Result> {
    return this.dispatcher.call(thread => this.pool.run(operation, { ...task, thread } as Task))
  }

  /** Resolves when all threads have started. Nobody needs to wait for that: jobs are taken before. */
  async ready(): Promise<void> {
    const threads = Array.from({ length: this.pool.size }, (_, thread) => thread)
    await Promise.all(threads.map(thread => this.pool.run(ready, { thread })))
  }

  /** Ends the threads, after what they are doing. May be called again. */
  close(): Promise<void> {
    return this.pool.close()
  }
}
