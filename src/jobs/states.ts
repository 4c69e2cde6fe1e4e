/** Which states a request may go to from each: the only ones, and every step is one transaction of the queue. */
export const TRANSITIONS = {
  /** Accepted; nothing was looked at yet, or its run is ready and waits for its turn. */
  queued: ['waiting-for-quality', 'waiting-for-migration', 'waiting-for-files', 'planning', 'characterising'],
  /** Nobody has said how good the run is. */
  'waiting-for-quality': ['queued'],
  /** The run's folder is not there. */
  'waiting-for-migration': ['queued', 'waiting-for-quality', 'waiting-for-files'],
  /** No marker says that the run is complete, and its files still change. */
  'waiting-for-files': ['queued', 'waiting-for-quality', 'waiting-for-migration'],
  /** A job opens the run, looks up its constants and splits its sequences. */
  planning: ['planned'],
  /** The parts wait for their turn. */
  planned: ['running'],
  /** At least one part was begun. */
  running: ['summarising'],
  /** All parts are whole; a job joins what they tell. */
  summarising: ['done'],
  /** Of a dark request: its job makes constants of its runs. */
  characterising: ['done'],
  /** The completion file is there; the constants are in the catalogue. */
  done: [],
  /** It will not be: the reason is said. What is whole of it stays. */
  failed: [],
  cancelled: [],
  /** The run is bad, and is not calibrated; until somebody judges otherwise. */
  recorded: ['queued'],
} as const satisfies Record<string, readonly string[]>

export type RequestState = keyof typeof TRANSITIONS

/** Ends that any state reaches which is not one. */
const ENDS: readonly RequestState[] = ['failed', 'cancelled', 'recorded']

/** Whether nothing is left to do for a request. */
export function isEnded(state: RequestState): boolean {
  return state === 'done' || ENDS.includes(state)
}

/** Whether a request waits for others, and has begun nothing. */
export function isWaiting(state: RequestState): boolean {
  return state === 'queued' || state.startsWith('waiting-')
}

/** Whether a request may go from one state to another. */
export function mayGo(from: RequestState, to: RequestState): boolean {
  const next: readonly RequestState[] = TRANSITIONS[from]
  return next.includes(to) || (!isEnded(from) && ENDS.includes(to))
}

/** States of a job: it waits, runs, and has ended well, badly, or was called off. */
export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
