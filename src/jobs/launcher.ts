import type { JobStart } from './run-job.js'

/** What a launcher knows of a job besides whether it runs. */
export interface JobTidings {
  /** Where it runs, what it waits for, or how it ended: for people. */
  readonly text: string
  /** Whether somebody called it off, past the queue: it is not started again then. */
  readonly isCalledOff: boolean
}

/** How jobs are started. */
export interface StartOptions {
  /** Of their request: the lower, the earlier. */
  readonly priority: number
  /** The job that begins once these have come to a good end; only where the launcher `chains`. */
  readonly summary?: JobStart
}

/**
 * Where jobs run. A job is a process that holds its lock in the folder of its request and says there what it came to; a
 * launcher only starts such processes, tells whether they run, and stops them. It keeps nothing that is needed after a
 * restart: jobs are found again by what they are.
 */
export interface JobLauncher {
  /** Jobs that run at a time, at most. Where it `chains`, all jobs of a request are started together, if there is room for one. */
  readonly slots: number
  /** Whether a job may be started that waits for others. */
  readonly chains: boolean
  /** Told before jobs are looked at: a launcher that has to ask others does so now, and then. */
  look(): void
  /**
   * Starts jobs of one request. Those that run already keep what they do: of two processes for one job, the second ends at once.
   * @throws DetcalError if they cannot be started now; {@link isRunning} tells which of them run all the same.
   */
  start(jobs: readonly JobStart[], options: StartOptions): Promise<void>
  /** Whether a job runs, or may yet begin to; undefined: that cannot be told yet. */
  isRunning(job: JobStart): boolean | undefined
  /** Undefined: nothing is known besides. */
  tidings(job: JobStart): JobTidings | undefined
  /** Stops a job, if it runs; it is over when {@link isRunning} says so. */
  stop(job: JobStart): void
  /** Stops what ends with this process; resolves when it is over. */
  close(): Promise<void>
}
