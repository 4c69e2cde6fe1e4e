import { resolve } from 'node:path'
import type { ExecutionOptions } from '../engine/run/prepare.js'
import { lockFile } from '../files/lock.js'
import { correctJob } from './correct-job.js'
import { DARK_JOB, darkJob } from './dark-job.js'
import { jobLock, readResult, readTask, withResult } from './job-files.js'
import { planJob } from './plan-job.js'
import { summaryJob } from './summary-job.js'

/** A start of a job: what a launcher launches. */
export interface JobStart {
  /** Folder of its request. */
  readonly folder: string
  readonly name: string
  readonly attempt: number
}

/**
 * Does a job's work in this process, and says in the folder of its request what it came to.
 * @returns whether it came to anything but an error. @throws BusyError if another process does this job: it says so itself.
 * @throws StoppedError if it was stopped: nothing is said then.
 */
export async function runJob(
  { folder, name, attempt }: JobStart,
  options: Pick<ExecutionOptions, 'cache'> & {
    readonly signal: AbortSignal
    /** Told how far it is: lines of its log. */
    readonly say?: (line: string) => void
  },
): Promise<boolean> {
  const own = resolve(folder)
  const task = readTask(own)
  const lock = lockFile(jobLock(own, name))
  try {
    // Of a job that had come to its end, and is started once more: requeued, or submitted twice.
    const earlier = readResult(own, { name, attempt })
    if (earlier !== undefined && 'value' in earlier) return true
    const work: () => Promise<object> =
      name === 'plan'
        ? () => planJob(own, task, options.signal)
        : name === 'summary'
          ? () => summaryJob(own, task)
          : name === DARK_JOB
            ? () => darkJob(own, task, options)
            : () => correctJob(own, name, task, options)
    return 'value' in (await withResult(own, name, attempt, work, options.signal))
  } finally {
    lock.release()
  }
}
