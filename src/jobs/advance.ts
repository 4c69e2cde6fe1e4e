import { type ErrorRecord, errorOf, errorText, recordOf } from '../model/errors.js'
import { type JobResult, jobLog, readResult } from './job-files.js'
import type { JobPlan } from './plan-job.js'
import type { JobQueue } from './queue.js'
import type { QueuedJob } from './queued.js'
import { isEnded } from './states.js'
import type { SummaryOutcome } from './summary-job.js'

/** Starts of a job that may end without a word: out of memory, a node that fails. */
const MOST_CRASHES = 3

/** What became of a job that does not run any more: it is over, or waits to be started again. */
export type Came = 'over' | 'again' | 'busy'

/**
 * Notes what a job came to that does not run any more, and takes its request on, in one transaction.
 * @param wasSeen whether it was seen to run: one that ended while no service was there, perhaps with its host, has not crashed.
 */
export function advance(queue: JobQueue, job: QueuedJob, folder: string, wasSeen: boolean): Came {
  const result = resultOf(folder, job)
  return queue.transaction(() => {
    const request = queue.request(job.request)
    if (request === undefined || isEnded(request.state)) {
      queue.setJob(job, { state: 'cancelled' })
      return 'over'
    }
    if (result === undefined) {
      if (wasSeen) return crashed(queue, job, folder)
      queue.setJob(job, { state: 'waiting' })
      return 'again'
    }
    if ('error' in result) return failed(queue, job, result.error)
    queue.setJob(job, { state: 'done' })
    if (job.name === 'plan') {
      queue.addJobs(
        job.request,
        result.value.parts.map(({ name }) => name),
      )
      queue.go(job.request, 'planned')
    } else if (job.name === 'summary') {
      const { problems } = result.value
      queue.go(job.request, 'done', problems === 0 ? '' : `with ${problems} problems`)
    } else if (queue.jobs({ request: job.request }).every(({ state }) => state === 'done')) {
      queue.addJobs(job.request, ['summary'])
      queue.go(job.request, 'summarising')
    }
    return 'over'
  })
}

/** What cannot be read is what it came to. */
function resultOf(
  folder: string,
  job: QueuedJob,
): JobResult<Pick<JobPlan, 'parts'> & SummaryOutcome> | undefined {
  try {
    return readResult(folder, job)
  } catch (error) {
    return { error: recordOf(error) }
  }
}

function crashed(queue: JobQueue, job: QueuedJob, folder: string): Came {
  const crashes = job.crashes + 1
  if (crashes < MOST_CRASHES) {
    queue.setJob(job, { state: 'waiting', crashes, reason: 'it ended without a word' })
    return 'again'
  }
  const reason = `${job.name} ended ${crashes} times without a word: see ${jobLog(folder, job.name)}`
  queue.setJob(job, { state: 'failed', crashes, reason })
  queue.go(job.request, 'failed', reason)
  return 'over'
}

function failed(queue: JobQueue, job: QueuedJob, error: ErrorRecord): Came {
  const reason = errorText(errorOf(error))
  if (error.tag === 'busy') {
    queue.setJob(job, { state: 'waiting', reason })
    return 'busy'
  }
  queue.setJob(job, { state: 'failed', reason })
  queue.go(job.request, 'failed', reason)
  return 'over'
}
