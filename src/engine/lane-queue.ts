/** A job that waits for its turn. */
interface Waiting {
  readonly lane: number
  start(): void
}

/**
 * Lets a number of jobs be under way at once: first come, first served, but from the lane that has the fewest.
 *
 * A lane writes to one file at a time, and a file system lets one thread write to a file at a time: two threads on one
 * lane wait for each other, while another lane's file has nobody.
 */
export class LaneQueue {
  readonly #width: number
  readonly #waiting: Waiting[] = []
  /** Jobs under way, by lane. */
  readonly #running = new Map<number, number>()
  #busy = 0

  /** @param width jobs under way at most. */
  constructor(width: number) {
    this.#width = width
  }

  /** Runs `job` when its turn has come; settles as it does. @param lane any number for jobs that have none. */
  run<T>(lane: number, job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        this.#count(lane, 1)
        job()
          .finally(() => {
            this.#count(lane, -1)
            this.#next()
          })
          .then(resolve, reject)
      }
      this.#waiting.push({ lane, start })
      this.#next()
    })
  }

  #next(): void {
    if (this.#busy >= this.#width) return
    const running = ({ lane }: Waiting): number => this.#running.get(lane) ?? 0
    const least = Math.min(...this.#waiting.map(running))
    const index = this.#waiting.findIndex(waiting => running(waiting) === least)
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1)
    next?.start()
  }

  #count(lane: number, change: 1 | -1): void {
    this.#busy += change
    this.#running.set(lane, (this.#running.get(lane) ?? 0) + change)
  }
}
