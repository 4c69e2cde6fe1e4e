import type { JobStart } from './run-job.js'

/**
 * Where jobs run. A job is a process that holds its lock in the folder of its request and says there what it came to; a
 * launcher only starts such processes, tells whether they run, and stops them. It keeps nothing that is needed after a
 * restart: jobs are found again by what they are.
 */
export interface JobLauncher {
  /** Jobs that run at a time, at most. */
  readonly slots: number
  /** Starts a job. One that runs already keeps what it does: of two processes for one job, the second ends at once. */
  start(job: JobStart): void
  /** Whether a job runs, or may yet begin to. */
  isRunning(job: JobStart): boolean
  /** Stops a job, if it runs; it is over when {@link isRunning} says so. */
  stop(job: JobStart): void
  /** Stops what this process has started; resolves when it is over. */
  close(): Promise<void>
}
