import type { Lane } from '../../memory/lane.js'
import { StoppedError, WorkerDiedError } from '../../model/interruptions.js'
import type { Job, RunStop } from './job.js'
import { NO_LANE, type Policy } from './policy.js'

/** Attempts spent on a job whose worker died before or after the job itself: more than these are not bad luck. */
const MOST_WAITS = 8

/** A job at hand, with the history of its attempts. */
interface Attempt {
  readonly job: Job
  readonly epoch: number
  readonly waits: number
}

/** The jobs of one call of {@link Dispatcher.run} on their way. */
interface Stream {
  readonly lane: Lane
  readonly jobs: AsyncGenerator<Job>
  readonly stop: RunStop
  readonly freeSlots: number[]
  /** At most one job that was pulled, and those that go again. */
  readonly atHand: Attempt[]
  inFlight: number
  pulling: boolean
  exhausted: boolean
  /** A job could not even be told that it failed: nothing more is pulled or started. */
  broken: boolean
  /** Why pulling failed, or what broke the stream. */
  error?: unknown
  settle(): void
}

/** A job of a lane, or a call without one, that waits for a thread. */
interface Waiting {
  readonly lane: number
  readonly order: number
  /** Place in the order of arrival. */
  readonly arrival: number
  start(thread: number): Promise<void>
}

let lastTask = 0

/**
 * The one place between jobs and threads: pulls jobs, gives each a slot of its lane and a thread, and takes both
 * back. README.md beside this file draws the states.
 *
 * A thread has a few jobs in hand, so that it never waits for the main thread. Jobs are pulled only while a slot of
 * their lane is free, which is all the back-pressure there is: whoever makes them opens files just in time.
 */
export class Dispatcher {
  readonly #policy: Policy
  readonly #most: number
  readonly #threads: { lane: number; jobs: number }[]
  readonly #streams: Stream[] = []
  readonly #calls: Waiting[] = []
  readonly #arrivals = new WeakMap<Attempt, number>()
  #lastArrival = 0

  /** @param most jobs that a thread has in hand: the one it does and those behind it. */
  constructor(threads: number, most: number, policy: Policy) {
    this.#policy = policy
    this.#most = most
    this.#threads = Array.from({ length: threads }, () => ({ lane: Number.NaN, jobs: 0 }))
  }

  /**
   * Runs jobs on the slots of `lane` until all are done or failed; the lane is this call's until then.
   * A job that is still being pulled then is not waited for: it is told that it failed when it comes, and the generator
   * is returned from. Whoever made it awaits its `return()` to know that it is closed.
   *
   * @throws StoppedError once the run is stopped and no job of it is in flight. @throws what the generator threw, or
   * `failed` of a job.
   */
  async run(lane: Lane, jobs: AsyncGenerator<Job>, stop: RunStop): Promise<void> {
    const stream: Stream = {
      ...{ lane, jobs, stop },
      freeSlots: Array.from({ length: lane.handle.layout.slots }, (_, slot) => slot),
      ...{ atHand: [], inFlight: 0, pulling: false, exhausted: false, broken: false, settle: () => {} },
    }
    const settled = new Promise<void>(resolve => {
      stream.settle = resolve
    })
    const wake = (): void => this.#turn()
    stop.signal.addEventListener('abort', wake)
    this.#streams.push(stream)
    this.#turn()
    await settled
    stop.signal.removeEventListener('abort', wake)
    // A generator that was left halfway closes what it holds open only now.
    const returned = jobs.return(undefined)
    // One that is waiting returns only when what it waits for has come, which may be never.
    if (stream.pulling) returned.catch(() => {})
    else await returned
    if (stop.signal.aborted) throw new StoppedError()
    if ('error' in stream) throw stream.error
  }

  /** Runs `work` on a thread, whose number it is given, when its turn has come; settles as it does. */
  call<T>(work: (thread: number) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (thread: number): Promise<void> => work(thread).then(resolve, reject)
      this.#calls.push({ lane: NO_LANE, order: 0, arrival: ++this.#lastArrival, start })
      this.#turn()
    })
  }

  /** Everything that can go on does: pulling, starting, settling. */
  #turn(): void {
    for (const stream of [...this.#streams]) this.#pull(stream)
    for (let found = this.#next(); found !== undefined; found = this.#next()) this.#start(...found)
    for (const stream of [...this.#streams]) {
      if (stream.inFlight > 0) continue
      if (!(stream.exhausted && stream.atHand.length === 0) && !hasEnded(stream)) continue
      this.#streams.splice(this.#streams.indexOf(stream), 1)
      // Pulled but never started: whoever made them waits for each to end.
      for (const { job } of stream.atHand) this.#fail(stream, job, new StoppedError())
      stream.settle()
    }
  }

  #pull(stream: Stream): void {
    if (stream.pulling || stream.exhausted || stream.atHand.length > 0) return
    if (stream.freeSlots.length === 0 || hasEnded(stream)) return
    stream.pulling = true
    stream.jobs
      .next()
      .then(
        next => {
          if (next.done) stream.exhausted = true
          else if (!this.#streams.includes(stream)) this.#fail(stream, next.value, new StoppedError())
          else stream.atHand.push(this.#arrived({ job: next.value, epoch: 0, waits: 0 }))
        },
        (error: unknown) => {
          stream.exhausted = true
          stream.error = error
        },
      )
      .finally(() => {
        stream.pulling = false
        this.#turn()
      })
  }

  #arrived(attempt: Attempt): Attempt {
    this.#arrivals.set(attempt, ++this.#lastArrival)
    return attempt
  }

  /** A job and the thread that takes it now; idle threads come first. */
  #next(): [Waiting, number] | undefined {
    const waiting = this.#waiting()
    if (waiting.length === 0) return undefined
    const byLoad = [...this.#threads.keys()].sort((a, b) => this.#jobsOf(a) - this.#jobsOf(b))
    for (const index of byLoad) {
      const thread = this.#threads[index]
      if (thread === undefined || thread.jobs >= this.#most) continue
      const chosen = this.#policy(waiting, thread, this.#threads)
      if (chosen !== undefined) return [chosen, index]
    }
    return undefined
  }

  #jobsOf(thread: number): number {
    return this.#threads[thread]?.jobs ?? 0
  }

  /** The first job at hand of each lane that has a free slot, and the first call, by arrival. */
  #waiting(): Waiting[] {
    const ofStreams = this.#streams.flatMap((stream): Waiting[] => {
      const [attempt] = stream.atHand
      if (attempt === undefined || stream.freeSlots.length === 0 || hasEnded(stream)) return []
      const start = (thread: number): Promise<void> => this.#attempt(stream, thread)
      const arrival = this.#arrivals.get(attempt) ?? 0
      return [{ lane: stream.lane.handle.id, order: attempt.job.order ?? 0, arrival, start }]
    })
    return [...ofStreams, ...this.#calls.slice(0, 1)].sort((a, b) => a.arrival - b.arrival)
  }

  #start(waiting: Waiting, index: number): void {
    const thread = this.#threads[index]
    if (thread === undefined) return
    if (this.#calls[0] === waiting) this.#calls.shift()
    thread.lane = waiting.lane
    thread.jobs++
    void waiting.start(index).finally(() => {
      thread.jobs--
      this.#turn()
    })
    // More of the same lane may be at hand for the threads behind.
    for (const stream of this.#streams) this.#pull(stream)
  }

  /** Settles when the thread is free again. */
  async #attempt(stream: Stream, thread: number): Promise<void> {
    const attempt = stream.atHand.shift()
    const slot = stream.freeSlots.shift()
    if (attempt === undefined || slot === undefined) return
    const { lane, stop } = stream
    const { job, epoch } = attempt
    const id = ++lastTask
    stream.inFlight++
    lane.assign(slot, id, epoch)
    try {
      await job.run({ id, epoch, lane: lane.handle, slot, thread, stop: stop.word })
      if (job.held !== undefined) {
        lane.hold(slot)
        void this.#whileHeld(stream, job, slot)
        return
      }
    } catch (error) {
      if (error instanceof WorkerDiedError) this.#again(stream, attempt, lane.state(slot), error)
      else this.#fail(stream, job, error)
    }
    this.#free(stream, slot)
  }

  async #whileHeld(stream: Stream, job: Job, slot: number): Promise<void> {
    try {
      await job.held?.(slot)
    } catch (error) {
      this.#fail(stream, job, error)
    }
    this.#free(stream, slot)
    this.#turn()
  }

  /** Tells a job that it failed; what it throws breaks its stream, whose run throws it. */
  #fail(stream: Stream, job: Job, cause: unknown): void {
    try {
      job.failed(cause)
    } catch (error) {
      stream.broken = true
      if (!('error' in stream)) stream.error = error
    }
  }

  #free(stream: Stream, slot: number): void {
    stream.lane.release(slot)
    stream.freeSlots.push(slot)
    stream.inFlight--
  }

  /** The thread of `attempt` died with its slot in `state`: the job goes again, or has failed. */
  #again(stream: Stream, { job, epoch, waits }: Attempt, state: string, cause: WorkerDiedError): void {
    // It died before it came to this job or after it had done it, for no fault of the job's.
    const innocent = (state === 'assigned' || state === 'done') && waits < MOST_WAITS
    if (innocent) stream.atHand.unshift(this.#arrived({ job, epoch, waits: waits + 1 }))
    else if (epoch === 0) stream.atHand.unshift(this.#arrived({ job, epoch: 1, waits }))
    else {
      const message = `${job.name}: its worker died twice, last while ${state}`
      this.#fail(stream, job, new WorkerDiedError(message, { cause }))
    }
  }
}

/** Nothing more of it starts: it settles as soon as nothing of it is in flight. */
function hasEnded({ stop, broken }: Stream): boolean {
  return stop.signal.aborted || broken
}
