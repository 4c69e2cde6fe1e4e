import { errorText, isDetcalError, type Place } from '../model/errors.js'
import type { Incident } from './live.js'

/** What an error says, without the place, which stands beside it. */
export function saidOf(error: unknown): string {
  if (!isDetcalError(error)) return errorText(error)
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}.`
}

const KEPT = 100
/** Characters of a message: names in it are the sender's, and may be of any length. */
const LONGEST = 500
/** ms within which the same is not told twice. */
const QUIET = 1000

/** What went wrong lately. Everything is counted elsewhere; what repeats is told once a second. */
export class Incidents {
  readonly #tell: (incident: Incident) => void
  readonly #kept: Incident[] = []
  readonly #last = new Map<string, number>()

  /** @param tell is given each incident, to log it. */
  constructor(tell: (incident: Incident) => void) {
    this.#tell = tell
  }

  /** Newest first. */
  get list(): readonly Incident[] {
    return this.#kept
  }

  add(cause: Incident['cause'], message: string, place: Place = {}): void {
    const text = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message
    const key = `${cause} ${place.module ?? ''} ${text.replace(/\d+/g, '')}`
    const now = Date.now()
    if (now - (this.#last.get(key) ?? 0) < QUIET) return
    this.#last.set(key, now)
    if (this.#last.size > 10 * KEPT) this.#last.clear()
    const incident = { at: now, cause, message: text, place }
    this.#kept.unshift(incident)
    if (this.#kept.length > KEPT) this.#kept.pop()
    try {
      this.#tell(incident)
    } catch {
      // A log that cannot be written to stops no train.
    }
  }
}
