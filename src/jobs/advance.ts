import { type ErrorRecord, errorOf, errorText, recordOf } from '../model/errors.js'
import { DARK_JOB } from './dark-job.js'
import { type JobResult, jobLog, readResult } from './job-files.js'
import type { JobTidings } from './launcher.js'
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
 * @param tidings what its launcher knows of it.
 */
export function advance(
  queue: JobQueue,
  job: QueuedJob,
  folder: string,
  { wasSeen, tidings }: { readonly wasSeen: boolean; readonly tidings?: JobTidings | undefined },
): Came {
  const result = resultOf(folder, job)
  return queue.transaction(() => {
    const request = queue.request(job.request)
    if (request === undefined || isEnded(request.state)) {
      queue.setJob(job, { state: 'cancelled' })
      return 'over'
    }
    if (result === undefined) {
      // A summary that was to follow parts which did not come to a good end has not begun.
      const hasBegun = job.name !== 'summary' || request.state === 'summarising'
      if (hasBegun && tidings?.isCalledOff) return calledOff(queue, job, tidings)
      if (hasBegun && wasSeen) return crashed(queue, job, folder, tidings)
      queue.setJob(job, { state: 'waiting' })
      return 'again'
    }
    if ('error' in result) return failed(queue, job, result.error)
    // The parts that it has joined are noted first.
    if (job.name === 'summary' && request.state !== 'summarising') return 'again'
    queue.setJob(job, { state: 'done', reason: '' })
    if (job.name === 'plan') {
      queue.addJobs(
        job.request,
        result.value.parts.map(({ name }) => name),
      )
      queue.go(job.request, 'planned')
    } else if (job.name === 'summary' || job.name === DARK_JOB) {
      const { problems } = result.value
      queue.go(job.request, 'done', problems === 0 ? '' : `with ${problems} problems`)
    } else {
      const jobs = queue.jobs({ request: job.request })
      if (!jobs.every(({ name, state }) => name === 'summary' || state === 'done')) return 'over'
      if (!jobs.some(({ name }) => name === 'summary')) queue.addJobs(job.request, ['summary'])
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

/** Somebody has cancelled it who did not ask the queue. */
function calledOff(queue: JobQueue, job: QueuedJob, { text }: JobTidings): Came {
  queue.setJob(job, { state: 'cancelled', reason: text })
  queue.go(job.request, 'cancelled', `${job.name} was called off: ${text}`)
  return 'over'
}

function crashed(queue: JobQueue, job: QueuedJob, folder: string, tidings: JobTidings | undefined): Came {
  const crashes = job.crashes + 1
  const known = tidings === undefined ? '' : ` (${tidings.text})`
  if (crashes < MOST_CRASHES) {
    queue.setJob(job, { state: 'waiting', crashes, reason: `it ended without a word${known}` })
    return 'again'
  }
  const reason = `${job.name} ended ${crashes} times without a word${known}: see ${jobLog(folder, job.name)}`
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
