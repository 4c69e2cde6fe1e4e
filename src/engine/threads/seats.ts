/** What is asked of a thread of piscina's pool. */
interface PoolThread {
  readonly id: number
  /** Tasks it has. */
  readonly currentUsage: number
}

/**
 * Threads of one pool by number: piscina gives a task to whichever has the least to do, and cannot be told which. A seat
 * whose thread has died goes to the one that was started in its place.
 */
export class Seats {
  readonly #most: number
  /** By seat, the id of its thread. */
  readonly #ids: number[] = []
  /** Of the task that is being posted. */
  #seat: number | undefined

  /** @param most tasks a thread has at once. */
  constructor(most: number) {
    this.#most = most
  }

  /** Calls `post`, which posts one task: it goes to the thread of `seat`. */
  at<T>(seat: number, post: () => T): T {
    this.#seat = seat
    try {
      return post()
    } finally {
      this.#seat = undefined
    }
  }

  /** Chooses among `threads`, as piscina's `loadBalancer`: it asks while a task is posted, or later if it found none. */
  choose<T extends PoolThread>(threads: readonly T[]): T | null {
    const free = threads.filter(({ currentUsage }) => currentUsage < this.#most)
    return this.#own(threads, free) ?? leastBusy(free)
  }

  #own<T extends PoolThread>(threads: readonly T[], free: readonly T[]): T | undefined {
    const seat = this.#seat
    if (seat === undefined) return undefined
    if (!threads.some(({ id }) => id === this.#ids[seat])) {
      const newcomer = free.find(({ id }) => !this.#ids.includes(id))
      if (newcomer !== undefined) this.#ids[seat] = newcomer.id
    }
    return free.find(({ id }) => id === this.#ids[seat])
  }
}

function leastBusy<T extends PoolThread>(threads: readonly T[]): T | null {
  const least = Math.min(...threads.map(({ currentUsage }) => currentUsage))
  return threads.find(({ currentUsage }) => currentUsage === least) ?? null
}
