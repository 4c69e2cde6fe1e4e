import { type DarkRuns, darkRunsOf } from './dark-runs.js'
import type { QueuedRequest } from './queued.js'

/** Name of the event that says that a run's corrected files are complete: the facility's. */
export const CORRECTED_EVENT = 'run_corrections_complete'
/** Name of the event that says that dark runs are characterised. */
const DARK_EVENT = 'run_darks_complete'
/** Name of the event of any other change of state. */
const CHANGED_EVENT = 'run_corrections_changed'

/** What is published of a request: fields named as in the facility's events, and our own `id`, `state` and `reason`. */
export interface JobEvent {
  readonly event: string
  readonly instrument: string
  readonly cycle: string
  readonly proposal: number
  readonly run: number
  readonly id: number
  readonly rid?: string
  readonly detector?: string
  readonly quality?: string
  /** Runs that are characterised, by gain stage. */
  readonly runs?: DarkRuns['runs']
  readonly state: string
  readonly reason?: string
  /** When it came into the state. */
  readonly time: string
}

/** The event of a request that came into its state. */
export function eventOf(request: QueuedRequest): JobEvent {
  const { instrument, cycle, proposal, run, id, rid, detector, quality, dark, state, reason, changed } =
    request
  const complete = dark === '' ? CORRECTED_EVENT : DARK_EVENT
  return {
    event: state === 'done' ? complete : CHANGED_EVENT,
    ...{ instrument, cycle, proposal, run, id },
    ...(rid !== '' && { rid }),
    ...(detector !== '' && { detector }),
    ...(quality !== '' && { quality }),
    ...(dark !== '' && { runs: darkRunsOf(dark).runs }),
    state,
    ...(reason !== '' && { reason }),
    time: changed,
  }
}
