/** Thrown by work that saw its run's stop word, and by runs whose signal was aborted. */
export class StoppedError extends Error {
  override name = 'StoppedError'
  constructor() {
    super('stopped')
  }
}

/** Thrown when the thread that ran an operation died: the operation may be run once more. */
export class WorkerDiedError extends Error {
  override name = 'WorkerDiedError'
}
