import type { Problem } from '../../model/problem.js'

/** Tells how much is done. A callback that throws is not called again, and costs the run nothing. */
export class GuardedProgress {
  readonly #tell: ((done: number) => void) | undefined
  #done = 0
  #lost: unknown

  constructor(tell: ((done: number) => void) | undefined) {
    this.#tell = tell
  }

  /** @param of of how much: what is told is the share of it. */
  add(amount: number, of = 1): void {
    this.#done += amount
    if (this.#lost !== undefined) return
    try {
      this.#tell?.(this.#done / of)
    } catch (error) {
      this.#lost = error ?? 'an error without a value'
    }
  }

  /** A warning if the callback has thrown. */
  get problems(): Problem[] {
    const error = this.#lost
    if (error === undefined) return []
    const message = `progress was told no further: ${error instanceof Error ? error.message : String(error)}`
    return [{ check: 'progress_callback', severity: 'warning', message, place: {} }]
  }
}
