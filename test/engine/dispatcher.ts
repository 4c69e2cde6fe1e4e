import { Dispatcher } from '../../src/engine/threads/dispatcher.js'
import { type Job, RunStop } from '../../src/engine/threads/job.js'
import { fileAffinity, type Policy } from '../../src/engine/threads/policy.js'
import { Lane } from '../../src/memory/lane.js'
import { laneLayout } from '../../src/memory/lane-layout.js'

const SHAPE = { pixels: 128, cells: 1, planes: 1, rawFrameBytes: 256, slotRawFrames: 1, slotFrames: 1 }

export const laneOf = (slots: number) => Lane.allocate(laneLayout({ ...SHAPE, slots }))

/** Everything that follows from what was done happens in microtasks. */
export const settled = () => new Promise(resolve => setImmediate(resolve))

/** A dispatcher whose jobs end when they are told to; `started` has name, thread and slot in the order of starting. */
export class Bench {
  readonly dispatcher: Dispatcher
  readonly started: string[] = []
  readonly failed: [string, string][] = []
  readonly pulled: string[] = []
  readonly threads = new Map<string, number>()
  readonly slots = new Map<string, number>()
  readonly attempts = new Map<string, number>()
  readonly #ends = new Map<string, (error?: unknown) => void>()

  constructor(threads: number, most: number, policy: Policy = fileAffinity) {
    this.dispatcher = new Dispatcher(threads, most, policy)
  }

  /** @param held resolves when the job's slot is no longer needed. */
  job(name: string, { order, held }: { order?: number; held?: Promise<void> } = {}): Job {
    return {
      name,
      ...(order === undefined ? {} : { order }),
      ...(held === undefined ? {} : { held: () => held }),
      run: ({ thread, slot, lane, id, epoch }) => {
        this.started.push(`${name} on ${thread}`)
        this.threads.set(name, thread)
        this.slots.set(name, slot)
        this.attempts.set(name, epoch)
        return new Promise((resolve, reject) => {
          this.#ends.set(name, error => {
            if (error !== undefined) return reject(error)
            Lane.attach(lane).advance(slot, id, epoch, 'done')
            resolve()
          })
        })
      },
      failed: error => this.failed.push([name, (error as Error).message]),
    }
  }

  async *stream(jobs: readonly Job[]): AsyncGenerator<Job> {
    for (const job of jobs) {
      this.pulled.push(job.name)
      yield job
    }
  }

  run(lane: Lane, names: readonly string[], stop = new RunStop()): Promise<void> {
    return this.dispatcher.run(lane, this.stream(names.map(name => this.job(name))), stop)
  }

  get running(): string[] {
    return [...this.#ends.keys()]
  }

  async end(name: string, error?: unknown): Promise<void> {
    const end = this.#ends.get(name)
    this.#ends.delete(name)
    end?.(error)
    await settled()
  }
}
