import { UsageError } from '../model/errors.js'
import type { JobQueue } from './queue.js'
import type { QueuedJob, QueuedRequest } from './queued.js'
import { isEnded } from './states.js'

/** What is known of a request. */
export interface RequestStatus extends QueuedRequest {
  readonly jobs: readonly Omit<QueuedJob, 'request'>[]
}

/** What is known of a queue. */
export interface QueueStatus {
  /** How many requests are in each state. */
  readonly counts: Readonly<Record<string, number>>
  readonly requests: readonly RequestStatus[]
}

/** The state of one request, or of the latest `limit`. @throws UsageError if there is no such request. */
export function queueStatus(
  queue: JobQueue,
  {
    id,
    limit,
    states = [],
  }: { readonly id?: number; readonly limit: number; readonly states?: readonly string[] },
): QueueStatus {
  return queue.transaction(() => {
    const requests = id === undefined ? queue.latest(limit, states) : [requestNamed(queue, id)]
    const jobs = queue.jobsOf(requests.map(({ id }) => id))
    return {
      counts: queue.counts(),
      requests: requests.map(request => ({
        ...request,
        jobs: (jobs.get(request.id) ?? []).map(({ request: _, ...job }) => job),
      })),
    }
  })
}

/** The state of one request. @throws UsageError if there is no such request. */
export function requestStatus(queue: JobQueue, id: number): RequestStatus {
  const [request] = queueStatus(queue, { id, limit: 1 }).requests
  if (request === undefined) throw new Error(`request ${id} has no state`)
  return request
}

/** Calls a request off: what runs for it is stopped by the service. @throws UsageError if it has ended, or is none. */
export function cancelRequest(queue: JobQueue, id: number): QueuedRequest {
  return queue.transaction(() => {
    const { state } = requestNamed(queue, id)
    if (isEnded(state)) throw new UsageError(`request ${id} is ${state} already`)
    return queue.go(id, 'cancelled', 'by command')
  })
}

function requestNamed(queue: JobQueue, id: number): QueuedRequest {
  const request = queue.request(id)
  if (request === undefined)
    throw new UsageError(`there is no request ${id}`, { hint: 'See detcal jobs status' })
  return request
}
