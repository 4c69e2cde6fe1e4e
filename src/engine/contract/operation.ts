import type { ErrorRecord } from '../../model/errors.js'

/** An operation of a worker thread: declared once, by name, and imported by both sides. */
export interface Operation<Task, Result> {
  readonly name: string
  /** For the compiler alone; never there. */
  readonly types?: (task: Task) => Result
}

/** Declares the operation `name`, unique in the engine. */
export function operation<Task, Result>(name: string): Operation<Task, Result> {
  return { name }
}

/** What is posted to a thread. */
export interface Posted {
  readonly operation: string
  readonly task: unknown
}

/** What a thread answers: errors travel as records, since classes do not survive `postMessage`. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorRecord | 'stopped' }

/** Given to every worker thread at its start, and to each one that replaces a dead one. */
export interface WorkerData {
  /** Compiled once for all threads. */
  readonly kernels: WebAssembly.Module
}

/**
 * Tasks that a thread is given at once: it does them one after the other, and has the next at hand while the main thread
 * declares a file.
 */
export const TASKS_A_THREAD = 2
