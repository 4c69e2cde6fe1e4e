import type { Assignment } from '../contract/assignment.js'

/** A unit of work that needs a slot. */
export interface Job {
  /** Names the job when its worker died. */
  readonly name: string
  /** See `WaitingJob`; absent: 0. */
  readonly order?: number
  /**
   * Does its work on the given slot and thread. Must be repeatable until it has resolved: the thread is free then, and so
   * is the slot but for {@link held}.
   */
  run(assignment: Assignment): Promise<void>
  /** The slot's results are in use until this has settled; the thread is free meanwhile. */
  held?(slot: number): Promise<void>
  /** The job failed for good: the job of a dead worker has had its second attempt. */
  failed(error: unknown): void
}

/** What ends a run before its work is done: a signal for the main thread, and the word that tells the threads. */
export class RunStop {
  readonly signal: AbortSignal
  readonly word = new Int32Array(new SharedArrayBuffer(4))
  // Stores are sequentially consistent; a thread that looks a moment too early works for one more tile.
  readonly #stop = (): void => void Atomics.store(this.word, 0, 1)

  constructor(signal: AbortSignal = new AbortController().signal) {
    this.signal = signal
    if (signal.aborted) this.#stop()
    else signal.addEventListener('abort', this.#stop, { once: true })
  }

  /** Lets go of the signal, which may outlive many runs. */
  end(): void {
    this.signal.removeEventListener('abort', this.#stop)
  }
}
