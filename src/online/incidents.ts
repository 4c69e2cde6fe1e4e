import type { Place } from '../model/errors.js'
import type { Incident } from './live.js'

const KEPT = 100
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
    const key = `${cause} ${place.module ?? ''} ${message.replace(/\d+/g, '')}`
    const now = Date.now()
    if (now - (this.#last.get(key) ?? 0) < QUIET) return
    this.#last.set(key, now)
    if (this.#last.size > 10 * KEPT) this.#last.clear()
    const incident = { at: now, cause, message, place }
    this.#kept.unshift(incident)
    if (this.#kept.length > KEPT) this.#kept.pop()
    this.#tell(incident)
  }
}
