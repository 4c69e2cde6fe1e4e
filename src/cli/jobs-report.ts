import { darkRunsOf, numbersOf } from '../jobs/dark-runs.js'
import type { QueueStatus, RequestStatus } from '../jobs/job-status.js'
import { runText } from '../jobs/run-key.js'
import { table } from './table.js'

/** Requests as a table, the latest last; with their jobs if asked for. */
export function queueReport({ counts, requests }: QueueStatus, withJobs: boolean): string {
  if (requests.length === 0) return 'no requests\n'
  const rows = requests.map(request => [
    String(request.id),
    requestText(request),
    request.detector || 'all',
    request.quality || '?',
    String(request.priority),
    request.state,
    progressOf(request),
    request.changed.slice(0, 19),
    request.reason,
  ])
  const list = table(
    ['id', 'run', 'detector', 'quality', 'priority', 'state', 'jobs', 'since', 'reason'],
    rows,
  )
  const jobs = withJobs ? requests.map(jobsOf).join('') : ''
  const summary = Object.entries(counts).map(([state, count]) => `${count} ${state}`)
  return `${list}${jobs}${summary.join(', ')}\n`
}

/** `SPB p900900 r0001`; of a dark request all of its runs. */
function requestText(request: RequestStatus): string {
  if (request.dark === '') return runText(request)
  const [, ...others] = numbersOf(darkRunsOf(request.dark))
  const more = others.map(run => ` r${String(run).padStart(4, '0')}`)
  return `${runText(request)}${more.join('')} dark`
}

/** Jobs that are over, of those there are. */
function progressOf({ jobs }: RequestStatus): string {
  const over = jobs.filter(({ state }) => state === 'done').length
  return jobs.length === 0 ? '' : `${over}/${jobs.length}`
}

function jobsOf({ jobs }: RequestStatus): string {
  if (jobs.length === 0) return ''
  const rows = jobs.map(({ name, state, attempt, changed, reason }) => [
    name,
    state,
    String(attempt),
    changed.slice(0, 19),
    reason,
  ])
  return table(['job', 'state', 'attempt', 'since', 'reason'], rows)
}
