import { createRequire } from 'node:module'
import { LanePool } from '../../memory/lane-pool.js'
import { UsageError } from '../../model/errors.js'
import { kernelModule } from '../../wasm/kernels.js'
import { closeDevice, type DeviceReport, type DeviceUse, openDevice } from '../contract/device.js'
import { type Operation, TASKS_A_THREAD } from '../contract/operation.js'
import { ready } from '../contract/operations.js'
import { Dispatcher } from './dispatcher.js'
import { fileAffinity, type Policy } from './policy.js'
import { ThreadPool } from './pool.js'

export interface EngineOptions {
  /** Threads, beside that of a device. */
  readonly workers: number
  /** Whether frames are corrected on a GPU too, which has a thread of its own; absent: they are not. */
  readonly device?: DeviceUse
  /** Which job a thread takes next; absent: the one for files. */
  readonly policy?: Policy
  /** The WebAssembly module to correct with, if not detcal's own: one that has more detectors' kernels. */
  readonly kernels?: WebAssembly.Module
  /** Worker file; only tests give another one. */
  readonly workerEntry?: string
  /** That of the device; only tests give another one. */
  readonly deviceEntry?: string
}

/** Threads, the dispatcher in front of them, and lanes: made once, and lent to one run after the other or side by side. */
export class Engine {
  readonly pool: ThreadPool
  readonly dispatcher: Dispatcher
  readonly lanes = new LanePool()
  /** The GPU that is used, by name; undefined: none is. */
  readonly device: string | undefined
  #closed: Promise<void> | undefined

  private constructor(pool: ThreadPool, policy: Policy, device: string | undefined) {
    this.pool = pool
    this.device = device
    this.dispatcher = new Dispatcher(pool.size, TASKS_A_THREAD, policy)
  }

  /**
   * Starts the threads, and does not wait for them: they load their modules while a run is opened. Only a device is waited
   * for, until it has been tested: its thread is the last.
   * @throws UsageError if `device` is `gpu` and there is none that may be used, saying why.
   */
  static async start(options: EngineOptions): Promise<Engine> {
    const { workers, device = 'cpu', policy = fileAffinity, kernels = kernelModule() } = options
    const entryOf = createRequire(import.meta.url).resolve
    const { workerEntry = entryOf('#workers/engine'), deviceEntry = entryOf('#workers/device') } = options
    const entries = Array.from({ length: workers }, () => workerEntry)
    const pool = await ThreadPool.start(device === 'cpu' ? entries : [...entries, deviceEntry], kernels)
    return new Engine(pool, policy, device === 'cpu' ? undefined : await openedDevice(pool, device))
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
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    if (this.device !== undefined)
      await this.pool.run(closeDevice, { thread: this.pool.size - 1 }).catch(() => {})
    await this.pool.close()
  }
}

/**
 * Opens the device of the last thread; without one that thread is ended.
 * @returns its name. @throws UsageError if there must be one.
 */
async function openedDevice(pool: ThreadPool, use: DeviceUse): Promise<string | undefined> {
  const report = await pool
    .run(openDevice, { thread: pool.size - 1 })
    .catch((error): DeviceReport => ({ refused: error instanceof Error ? error.message : String(error) }))
  if (!('refused' in report)) return report.adapter.name
  if (use === 'auto') {
    await pool.dropLast()
    return undefined
  }
  await pool.close()
  const { refused, hint = 'Use --device cpu, or auto' } = report
  throw new UsageError(`--device gpu: ${refused}`, { hint })
}
