/** What becomes of a train that meets a full queue: its sender waits, the oldest in the queue is dropped, or it is. */
export const WHEN_FULL = ['wait', 'drop-oldest', 'drop-newest'] as const
export type WhenFull = (typeof WHEN_FULL)[number]

/** Trains between one sender and one taker, a bounded number of them; what is dropped is counted. */
export class TrainQueue<Train> {
  readonly #most: number
  readonly #whenFull: WhenFull
  readonly #trains: Train[] = []
  readonly #takers: ((train: Train | undefined) => void)[] = []
  readonly #putters: (() => void)[] = []
  #ended = false
  #dropped = 0

  /** @param most trains that wait, at least 1. */
  constructor(most: number, whenFull: WhenFull) {
    this.#most = Math.max(1, most)
    this.#whenFull = whenFull
  }

  get dropped(): number {
    return this.#dropped
  }

  get waiting(): number {
    return this.#trains.length
  }

  /** Resolves when the train is queued, taken or dropped. After {@link end} it is dropped. */
  async put(train: Train): Promise<void> {
    while (!this.#ended && this.#whenFull === 'wait' && this.#isFull)
      await new Promise<void>(resolve => this.#putters.push(resolve))
    const taker = this.#ended ? undefined : this.#takers.shift()
    if (taker) return taker(train)
    if (this.#ended || (this.#isFull && this.#whenFull === 'drop-newest')) {
      this.#dropped++
      return
    }
    if (this.#isFull) {
      this.#trains.shift()
      this.#dropped++
    }
    this.#trains.push(train)
  }

  /** The oldest train, when there is one; undefined once the queue has ended and is empty. */
  async take(): Promise<Train | undefined> {
    const train = this.#trains.shift()
    if (train !== undefined) {
      this.#putters.shift()?.()
      return train
    }
    if (this.#ended) return undefined
    return new Promise(resolve => this.#takers.push(resolve))
  }

  /** Nothing is put any more: what is queued can be taken still. */
  end(): void {
    this.#ended = true
    for (const taker of this.#takers.splice(0)) taker(undefined)
    for (const putter of this.#putters.splice(0)) putter()
  }

  /** Drops what is queued. */
  clear(): void {
    this.#dropped += this.#trains.length
    this.#trains.length = 0
  }

  get #isFull(): boolean {
    return this.#trains.length >= this.#most
  }
}
