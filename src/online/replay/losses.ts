import { isDetcalError } from '../../model/errors.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { readError } from './stored-file.js'

/** Problems that are kept one by one: a replay may go on for ever. */
const MOST_NAMED = 100

/** What of a run did not go out: every part is counted, the first ones are named. */
export class Losses {
  readonly #problems: Problem[]
  /** Messages that were given before. */
  readonly #told = new Set<string>()
  #unnamed = 0
  #parts = 0

  constructor(problems: readonly Problem[]) {
    this.#problems = [...problems]
  }

  /** Parts that were lost: one module's frames of one train each. */
  get parts(): number {
    return this.#parts
  }

  get problems(): readonly Problem[] {
    if (this.#unnamed === 0) return this.#problems
    const message = `${this.#unnamed} more of these`
    return [...this.#problems, { check: 'frames_sent', severity: 'error', message, place: {} }]
  }

  /** A part that cannot be sent. @throws what is no matter of the data. */
  lose(error: unknown, module: ModuleIndex, train: TrainId, file: string): void {
    this.#parts++
    this.tell(error, { module, train, file })
  }

  /** A part of a file that cannot be opened and is named already. */
  loseUntold(): void {
    this.#parts++
  }

  /** @throws what is no matter of the data. */
  tell(error: unknown, place: Problem['place']): void {
    const known = readError(error, place.file ?? '')
    if (!isDetcalError(known)) throw error
    const { message, hint } = known
    const problem: Problem = {
      check: 'frames_sent',
      severity: 'error',
      message: hint === undefined ? message : `${message}. ${hint}`,
      place: { ...place, ...known.place },
    }
    const key = JSON.stringify(problem)
    if (this.#told.has(key)) return
    if (this.#told.size >= MOST_NAMED) this.#unnamed++
    else {
      this.#told.add(key)
      this.#problems.push(problem)
    }
  }
}
