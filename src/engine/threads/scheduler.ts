import type { Lane } from '../../memory/lane.js'
import type { Assignment } from '../contract/assignment.js'
import { StoppedError, WorkerDiedError } from './pool.js'

/** A unit of work that needs a slot. */
export interface SlotJob {
  /** Names the job when its worker died. */
  readonly name: string
  /** Runs on the given slot, and takes in its result. Must be repeatable until it has resolved. */
  run(assignment: Assignment): Promise<void>
  /** The job failed: for good, since a dead worker's job has had its second attempt. */
  failed(error: unknown): void
}

/** Workers that may die before or after a job that they were given with others; more is no chance. */
const MOST_WAITS = 8

/**
 * Runs jobs over the slots of one lane: each slot pulls the next job when it is free, which is all the
 * back-pressure there is. Jobs are pulled lazily, so whoever makes them opens files just in time (an async
 * generator serves its callers one after the other).
 */
export class LaneScheduler {
  readonly #lane: Lane
  readonly #ids: () => number

  constructor(lane: Lane, ids: () => number) {
    this.#lane = lane
    this.#ids = ids
  }

  /**
   * Resolves when every job is done or failed.
   * @param whileBusy called once, when every slot has had its first job.
   * @throws StoppedError once `signal` is aborted.
   */
  async run(
    jobs: AsyncGenerator<SlotJob>,
    signal: AbortSignal,
    whileBusy: () => void = () => {},
  ): Promise<void> {
    const slots = this.#lane.handle.layout.slots
    // Jobs are handed out before the event loop turns.
    setImmediate(whileBusy)
    try {
      await Promise.all(Array.from({ length: slots }, (_, slot) => this.#drain(slot, jobs, signal)))
    } finally {
      // A generator that was left halfway closes what it holds open only now.
      await jobs.return(undefined)
    }
    if (signal.aborted) throw new StoppedError('stopped')
  }

  async #drain(slot: number, jobs: AsyncGenerator<SlotJob>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = await jobs.next()
      if (next.done) return
      await this.#attempt(slot, next.value, 0)
    }
  }

  /** @param waits times that a worker died before it came to this job or after it had done it, for no fault of the job's. */
  async #attempt(slot: number, job: SlotJob, epoch: number, waits = 0): Promise<void> {
    const id = this.#ids()
    this.#lane.assign(slot, id, epoch)
    try {
      await job.run({ id, epoch, lane: this.#lane.handle.id, slot })
      this.#lane.release(slot)
    } catch (error) {
      const state = this.#lane.state(slot)
      this.#lane.release(slot)
      if (!(error instanceof WorkerDiedError)) job.failed(error)
      else if ((state === 'assigned' || state === 'done') && waits < MOST_WAITS)
        await this.#attempt(slot, job, epoch, waits + 1)
      else if (epoch === 0) await this.#attempt(slot, job, epoch + 1)
      else
        job.failed(
          new WorkerDiedError(`${job.name}: its worker died twice, last while ${state}`, { cause: error }),
        )
    }
  }
}
