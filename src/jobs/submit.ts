import { darkText, numbersOf } from './dark-runs.js'
import type { CorrectMessage, DarkMessage, JobMessage } from './message.js'
import type { JobQueue } from './queue.js'
import type { NewRequest, QueuedRequest } from './queued.js'
import type { Quality, RunKey } from './run-key.js'
import { isEnded, type RequestState } from './states.js'

/** The answer to a message. */
export interface JobReply {
  readonly status: 'accepted' | 'duplicate' | 'recorded' | 'rejected' | 'known'
  readonly id?: number
  readonly state?: RequestState
  readonly reason?: string
}

/** Answers a message: what it asks for is in the queue, on disk, before the answer is given. */
export function answer(queue: JobQueue, message: JobMessage): JobReply {
  return queue.transaction(() =>
    message.request === 'query'
      ? query(queue, message)
      : message.request === 'dark'
        ? submitDark(queue, message)
        : submit(queue, message),
  )
}

function query(
  queue: JobQueue,
  { id, rid }: { readonly id?: number | undefined; readonly rid?: string | undefined },
): JobReply {
  const found =
    id !== undefined ? queue.request(id) : rid === undefined ? undefined : queue.requestsNamed(rid).at(-1)
  return found === undefined
    ? {
        status: 'rejected',
        reason: id === undefined && rid === undefined ? 'name its id or rid' : 'there is no such request',
      }
    : replyOf('known', found)
}

/**
 * Enters a request. It is new if no earlier one is for the same run and detector, if that one failed or was cancelled, or if
 * it says `recorrect` and that one has ended; else it is a duplicate. A quality that is said is the run's from now on.
 */
export function submit(queue: JobQueue, message: CorrectMessage): JobReply {
  const { quality, detector = '', recorrect, rid = '', priority } = message
  const begun = quality === undefined ? [] : judge(queue, message, quality)
  const ofRun = queue.requestsOf(message)
  const earlier = ofRun.filter(request => request.detector === detector).at(-1)
  if (earlier !== undefined && !isNew(earlier, recorrect)) {
    // What waited for a quality, or was bad, begins by this message.
    if (begun.includes(earlier.id)) return replyOf('accepted', earlier)
    if (quality !== 'bad') return replyOf('duplicate', earlier)
    return replyOf('recorded', earlier, earlier.state === 'done' ? KEPT : earlier.reason)
  }
  const known = quality ?? ofRun.findLast(request => request.quality !== '')?.quality ?? ''
  const { instrument, cycle, proposal, run } = message
  const added = enter(queue, ofRun, {
    ...{ instrument, cycle, proposal, run, rid, detector, priority, quality: known },
    overwrite: recorrect,
  })
  return replyOf(known === 'bad' ? 'recorded' : 'accepted', added)
}

/** Enters a dark request, unless the same was asked for and has not failed. Its sender has judged the runs. */
function submitDark(queue: JobQueue, message: DarkMessage): JobReply {
  const { instrument, cycle, proposal, detector = '', recorrect, rid = '', priority } = message
  const dark = darkText(message)
  const [run = 0] = numbersOf(message)
  const key = { instrument, cycle, proposal, run }
  const earlier = queue.requestsOf(key, dark).findLast(request => request.detector === detector)
  if (earlier !== undefined && !isNew(earlier, recorrect)) return replyOf('duplicate', earlier)
  const added = queue.add({
    ...{ ...key, rid, detector, priority, dark },
    ...{ quality: 'good', overwrite: false, state: 'queued', reason: '' },
  })
  return replyOf('accepted', added)
}

const BAD = 'the run is bad'
const KEPT = 'it is corrected already: the files are kept'

/**
 * Gives a run another quality: one that becomes bad is not calibrated any more, one that was bad is from now on.
 * @returns the requests that begin by it.
 */
export function judge(queue: JobQueue, run: RunKey, quality: Quality): readonly number[] {
  const ofRun = queue.requestsOf(run)
  return ofRun.flatMap(request => {
    const { id, state } = request
    if (request.quality === quality) return []
    queue.setQuality(id, quality)
    if (quality === 'bad') {
      if (!isEnded(state)) queue.go(id, 'recorded', BAD)
      return []
    }
    if (state !== 'waiting-for-quality' && state !== 'recorded') return []
    if (!hasBegun(queue, request)) return [queue.go(id, 'queued').id]
    // Asked for anew, so that its jobs have a folder of their own; once, by the latest.
    const isLatest = ofRun.findLast(({ detector }) => detector === request.detector)?.id === id
    return isLatest ? [enter(queue, ofRun, { ...request, quality }).id] : []
  })
}

type Entered = Omit<NewRequest, 'state' | 'reason' | 'dark'>

function enter(queue: JobQueue, ofRun: readonly QueuedRequest[], request: Entered): QueuedRequest {
  const { instrument, cycle, proposal, run, rid, detector, priority, quality, overwrite } = request
  return queue.add({
    ...{ instrument, cycle, proposal, run, rid, detector, priority, quality, dark: '' },
    // What a request that began has left, and that did not end well, is replaced.
    overwrite:
      overwrite ||
      ofRun.some(({ id, state }) => isEnded(state) && state !== 'done' && hasBegun(queue, { id })),
    ...(quality === 'bad' ? { state: 'recorded', reason: BAD } : { state: 'queued', reason: '' }),
  })
}

function isNew({ state }: QueuedRequest, recorrect: boolean): boolean {
  return state === 'failed' || state === 'cancelled' || (recorrect && state === 'done')
}

function hasBegun(queue: JobQueue, { id }: Pick<QueuedRequest, 'id'>): boolean {
  return queue.jobs({ request: id }).length > 0
}

function replyOf(status: JobReply['status'], request: QueuedRequest, reason = request.reason): JobReply {
  const { id, state } = request
  return { status, id, state, ...(reason !== '' && { reason }) }
}
