/** What choosing a thread needs to know of it. */
export interface Thread {
  readonly id: number
  /** Tasks that it has, the one it is at included. */
  readonly currentUsage: number
}

/**
 * Which thread a lane's next task goes to: to the one that has the lane's other tasks, as long as it takes more and no
 * other has nothing to do.
 *
 * A lane writes to one file at a time, and a file system lets one thread write to a file at a time: two threads on one
 * lane halve each other's rate (measured with ext4). What the lane holds is in the cache of its thread, too.
 */
export class LaneHomes {
  readonly #most: number
  /** Thread ids by lane. */
  readonly #homes = new Map<number, number>()

  /** @param most tasks that a thread has at once. */
  constructor(most: number) {
    this.#most = most
  }

  /** A thread for a task of `lane`, or of no lane; undefined if all have enough. */
  place<T extends Thread>(lane: number | undefined, threads: Iterable<T>): T | undefined {
    const all = [...threads]
    const free = all.filter(({ currentUsage }) => currentUsage < this.#most)
    const home = lane === undefined ? undefined : this.#homeOf(lane, all)
    const least = leastBusy(free)
    const at = free.find(({ id }) => id === home)
    return at && (at.currentUsage === 0 || least?.currentUsage !== 0) ? at : least
  }

  /** A thread that is no other lane's home, if there is one, is chosen once; a dead one is replaced. */
  #homeOf(lane: number, threads: readonly Thread[]): number | undefined {
    const known = this.#homes.get(lane)
    if (threads.some(({ id }) => id === known)) return known
    const taken = new Set(this.#homes.values())
    const chosen = leastBusy(threads.filter(({ id }) => !taken.has(id))) ?? leastBusy(threads)
    if (chosen) this.#homes.set(lane, chosen.id)
    return chosen?.id
  }
}

function leastBusy<T extends Thread>(threads: readonly T[]): T | undefined {
  return threads.toSorted((a, b) => a.currentUsage - b.currentUsage)[0]
}
