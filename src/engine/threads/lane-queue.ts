/** A job that waits for its turn. */
interface Waiting {
  readonly lane: number
  start(thread: Thread): void
}

/** What a thread has in hand: jobs of one lane. */
interface Thread {
  readonly index: number
  lane: number
  jobs: number
}

/**
 * Gives jobs to threads, each of which has a few in hand and does them one after the other.
 *
 * A lane writes to one file at a time, and a file system lets one thread write to a file at a time: threads on one lane
 * wait for each other, while another lane's file has nobody. So an idle thread takes from the lane that has the fewest
 * threads, first come, first served, and a thread at work is given more of its own lane only.
 */
export class LaneQueue {
  readonly #most: number
  readonly #waiting: Waiting[] = []
  readonly #threads: readonly Thread[]

  /** @param most jobs a thread has in hand. */
  constructor(threads: number, most: number) {
    this.#most = most
    this.#threads = Array.from({ length: threads }, (_, index) => ({ index, lane: Number.NaN, jobs: 0 }))
  }

  /**
   * Runs `job`, which is told its thread, when its turn has come; settles as it does.
   * @param lane any number for jobs that have none.
   */
  run<T>(lane: number, job: (thread: number) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (thread: Thread): void => {
        thread.lane = lane
        thread.jobs++
        job(thread.index)
          .finally(() => {
            thread.jobs--
            this.#next()
          })
          .then(resolve, reject)
      }
      this.#waiting.push({ lane, start })
      this.#next()
    })
  }

  #next(): void {
    for (;;) {
      const idle = this.#threads.find(({ jobs }) => jobs === 0)
      const next = idle ? this.#leastAttended() : this.#waiting.find(waiting => this.#companion(waiting))
      const thread = idle ?? (next && this.#companion(next))
      if (next === undefined || thread === undefined) return
      this.#waiting.splice(this.#waiting.indexOf(next), 1)
      next.start(thread)
    }
  }

  /** The first job of those whose lane has the fewest threads. */
  #leastAttended(): Waiting | undefined {
    const threadsOf = ({ lane }: Waiting): number =>
      this.#threads.filter(thread => thread.jobs > 0 && thread.lane === lane).length
    const least = Math.min(...this.#waiting.map(threadsOf))
    return this.#waiting.find(waiting => threadsOf(waiting) === least)
  }

  /** A thread at work on the job's lane that may have it besides. */
  #companion({ lane }: Waiting): Thread | undefined {
    return this.#threads.find(thread => thread.lane === lane && thread.jobs < this.#most)
  }
}
