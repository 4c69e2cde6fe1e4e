import type { Quality, RunKey } from './run-key.js'
import type { JobState, RequestState } from './states.js'

/** A request as the queue has it. */
export interface QueuedRequest extends RunKey {
  readonly id: number
  /** Name that its sender gave it; empty: none. */
  readonly rid: string
  /** Karabo name; empty: all detectors of the run. */
  readonly detector: string
  /** The lower, the earlier. */
  readonly priority: number
  /** Empty: nobody has said. */
  readonly quality: Quality | ''
  /** Whether it replaces what an earlier one left. */
  readonly overwrite: boolean
  /** Runs that are characterised, as `darkText` has them; empty: it is a correction. */
  readonly dark: string
  readonly state: RequestState
  /** Why it waits, or how it ended; empty: nothing to say. */
  readonly reason: string
  readonly created: string
  /** When it came into its state. */
  readonly changed: string
}

/** A process of a request: `plan`, `correct-<n>` or `summary`; of a dark request `dark`. */
export interface QueuedJob {
  readonly request: number
  readonly name: string
  readonly state: JobState
  /** Number of its start. */
  readonly attempt: number
  /** Starts that ended without a word. */
  readonly crashes: number
  readonly reason: string
  readonly changed: string
}

export type NewRequest = Pick<
  QueuedRequest,
  keyof RunKey | 'rid' | 'detector' | 'priority' | 'quality' | 'overwrite' | 'dark' | 'state' | 'reason'
>

/** An event that waits to be published. */
export interface QueuedEvent {
  readonly id: number
  readonly name: string
  /** JSON. */
  readonly body: string
}
