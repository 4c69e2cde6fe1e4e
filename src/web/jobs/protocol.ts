import type { QueueStatus, RequestStatus } from '../../jobs/job-status.js'

// What page and server of jobs say to each other. The page imports these types and nothing else of the server.

/** Server, by `/api/events`: the queue as it is now, whenever it has changed. */
export interface QueueMessage extends QueueStatus {
  /** Which build serves. */
  readonly version: string
}

/** Server, by `/api/requests/:id`: one request, and what came of it. */
export interface RequestDetail extends RequestStatus {
  /** Folder of the corrected files, below the root of the proposal tree. */
  readonly proc: string
  readonly reports: readonly ReportLink[]
}

/** A report that can be opened. */
export interface ReportLink {
  /** Karabo name of the detector. */
  readonly detector: string
  /** The first sentences of it. */
  readonly verdict: string
  /** Address of the page. */
  readonly path: string
}
