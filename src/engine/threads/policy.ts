/** A job that waits for a thread, as a policy sees it. */
export interface WaitingJob {
  /** What its jobs share: the id of a lane, or {@link NO_LANE}. */
  readonly lane: number
  /** Smaller goes first where the policy looks at it: a train's place in a stream. */
  readonly order: number
}

/** A thread as a policy sees it. */
export interface ThreadLoad {
  /** The lane of its jobs in hand. */
  readonly lane: number
  readonly jobs: number
}

/**
 * Chooses the next job for `thread`, which has room for one.
 * @param waiting one job of each lane that has any, in order of arrival; never empty.
 * @returns undefined: the thread takes nothing for now.
 */
export type Policy = <J extends WaitingJob>(
  waiting: readonly J[],
  thread: ThreadLoad,
  threads: readonly ThreadLoad[],
) => J | undefined

/** Stands for the lane of jobs that need none. */
export const NO_LANE = -1

/**
 * For files. A lane writes to one file at a time, and a file system lets one thread write to a file at a time: threads
 * on one lane wait for each other while another lane's file is idle. So an idle thread takes from the lane that has
 * the fewest threads, first come, first served, and a busy thread gets more of its own lane only.
 */
export const fileAffinity: Policy = (waiting, thread, threads) => {
  if (thread.jobs > 0) return waiting.find(({ lane }) => lane === thread.lane)
  const threadsOf = (lane: number): number =>
    threads.filter(other => other.jobs > 0 && other.lane === lane).length
  const least = Math.min(...waiting.map(({ lane }) => threadsOf(lane)))
  return waiting.find(({ lane }) => threadsOf(lane) === least)
}

/** For streams: the oldest train first, whatever its module, since it is the next that someone waits for. */
export const oldestFirst: Policy = waiting =>
  waiting.reduce((first, job) => (job.order < first.order ? job : first))
