/** A job that waits for its turn. */
interface Waiting {
  readonly lane: number
  start(thread: number): void
}

/** What a thread has in hand: jobs of one lane. */
interface Thread {
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
    this.#threads = Array.from({ length: threads }, () => ({ lane: Number.NaN, jobs: 0 }))
  }

  /**
   * Runs `job`, which is told its thread, when its turn has come; settles as it does.
   * @param lane any number for jobs that have none.
   */
  run<T>(lane: number, job: (thread: number) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (index: number): void => {
        const thread = this.#threads[index]
        if (thread === undefined) return
        thread.lane = lane
        thread.jobs++
        job(index)
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
      const idle = this.#threads.findIndex(({ jobs }) => jobs === 0)
      const [index, thread] = idle >= 0 ? [this.#leastAttended(), idle] : this.#more()
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1)
      if (next === undefined) return
      next.start(thread)
    }
  }

  /** The first job of those whose lane has the fewest threads; -1: none waits. */
  #leastAttended(): number {
    const threadsOf = ({ lane }: Waiting): number =>
      this.#threads.filter(thread => thread.jobs > 0 && thread.lane === lane).length
    const least = Math.min(...this.#waiting.map(threadsOf))
    return this.#waiting.findIndex(waiting => threadsOf(waiting) === least)
  }

  /** The first job that a thread at work on its lane may have besides, and that thread; -1: none. */
  #more(): readonly [number, number] {
    for (const [index, { lane }] of this.#waiting.entries()) {
      const thread = this.#threads.findIndex(one => one.lane === lane && one.jobs < this.#most)
      if (thread >= 0) return [index, thread]
    }
    return [-1, -1]
  }
}
