import type { TrainId } from '../model/ids.js'
import { agreementOf } from './agreement.js'

/** When a train is delivered, and what its parts must have in common. */
export interface CombinerPolicy<Part> {
  /** Modules that a complete train has. */
  readonly modules: readonly number[]
  /** Trains that wait at most: the oldest are delivered then without the modules they lack. Absent: any number. */
  readonly most?: number
  /** ms after its first part at which a train is delivered without the modules it still lacks; absent: only at the end. */
  readonly deadline?: number
  /** Whether two parts fit together, by their pulses for instance: parts that differ from most modules' are excluded. */
  readonly same: (a: Part, b: Part) => boolean
  /** Whether a part has no frames: it has no vote and fits any train. Absent: no part is empty. */
  readonly empty?: (part: Part) => boolean
  /** Whether a part has no vote while there are others that have. Absent: all vote. */
  readonly doubtful?: (part: Part) => boolean
}

/** One train of the whole detector. */
export interface CombinedTrain<Part> {
  readonly train: TrainId
  /** By module, ascending; modules that are missing or disagree are absent. */
  readonly parts: ReadonlyMap<number, Part>
  /** The part that represents those that agree: that of the lowest module; absent if all are empty. */
  readonly agreed?: Part
  /** Parts that differ from those of most, by module. */
  readonly disagreeing: ReadonlyMap<number, Part>
  /** All modules are there and agree. */
  readonly complete: boolean
}

export interface CombinerCounts {
  readonly complete: number
  readonly partial: number
  /** Parts that came after their train was delivered without them. */
  readonly late: number
  /** Second parts of a module in one train, delivered or not: the first is kept. */
  readonly duplicate: number
}

interface Pending<Part> {
  readonly parts: Map<number, Part>
  /** When its first part came, ms on the caller's clock. */
  readonly since: number
}

/** Number of delivered trains that are remembered, so that late parts are not taken for new trains: minutes of beam. */
const REMEMBERED = 4096

/**
 * The one place that joins modules by train id: those of a run on disk, all at once, and those of a stream, as they
 * come. Each train is delivered once. Those that wait are delivered in order: one that waits for a module holds back later
 * ones until its deadline.
 */
export class Combiner<Part> {
  readonly #policy: CombinerPolicy<Part>
  readonly #pending = new Map<TrainId, Pending<Part>>()
  /** Modules of trains that were delivered. */
  readonly #given = new Map<TrainId, ReadonlySet<number>>()
  readonly #counts = { complete: 0, partial: 0, late: 0, duplicate: 0 }

  constructor(policy: CombinerPolicy<Part>) {
    this.#policy = policy
  }

  get counts(): CombinerCounts {
    return { ...this.#counts }
  }

  /** Trains that wait for modules. */
  get waiting(): number {
    return this.#pending.size
  }

  /**
   * Takes one module's part of a train.
   * @param now ms on any monotonic clock; needed only with a deadline.
   * @returns what became of it: only the first part of a module, before its train is delivered, is kept.
   */
  add(train: TrainId, module: number, part: Part, now = 0): 'kept' | 'late' | 'duplicate' {
    const given = this.#given.get(train)
    if (given !== undefined) {
      const became = given.has(module) ? 'duplicate' : 'late'
      this.#counts[became]++
      return became
    }
    const pending = this.#pending.get(train) ?? { parts: new Map(), since: now }
    this.#pending.set(train, pending)
    if (pending.parts.has(module)) {
      this.#counts.duplicate++
      return 'duplicate'
    }
    pending.parts.set(module, part)
    return 'kept'
  }

  /** Whether a train was delivered, as far as is remembered. */
  gave(train: TrainId): boolean {
    return this.#given.has(train)
  }

  /** Forgets which trains were delivered: ids begin anew. */
  forget(): void {
    this.#given.clear()
  }

  /** Trains that are complete, or due at `now`, and have no older train waiting before them. */
  take(now = 0): CombinedTrain<Part>[] {
    const { modules, deadline = Number.POSITIVE_INFINITY, most = Number.POSITIVE_INFINITY } = this.#policy
    const out: CombinedTrain<Part>[] = []
    for (const train of this.#trains()) {
      const pending = this.#pending.get(train)
      if (pending === undefined) break
      const due = now - pending.since >= deadline || this.#pending.size > most
      if (!due && !modules.every(module => pending.parts.has(module))) break
      out.push(this.#give(train, pending))
    }
    return out
  }

  /** All trains that are left, with whatever modules they have. */
  finish(): CombinedTrain<Part>[] {
    return this.#trains().flatMap(train => {
      const pending = this.#pending.get(train)
      return pending ? [this.#give(train, pending)] : []
    })
  }

  #trains(): TrainId[] {
    return [...this.#pending.keys()].sort((a, b) => a - b)
  }

  #give(train: TrainId, { parts }: Pending<Part>): CombinedTrain<Part> {
    this.#pending.delete(train)
    this.#given.set(train, new Set(parts.keys()))
    if (this.#given.size > REMEMBERED)
      for (const oldest of this.#given.keys()) {
        this.#given.delete(oldest)
        break
      }
    const { modules, same, empty = () => false, doubtful = () => false } = this.#policy
    const entries = [...parts].sort(([a], [b]) => a - b)
    const present = entries.filter(([, part]) => !empty(part))
    const agreement = agreementOf(
      present,
      ([, a], [, b]) => same(a, b),
      ([, part]) => doubtful(part),
    )
    const disagreeing = new Map(agreement?.others)
    const kept = entries.filter(([module]) => !disagreeing.has(module))
    const complete = modules.every(module => parts.has(module)) && disagreeing.size === 0
    this.#counts[complete ? 'complete' : 'partial']++
    return {
      ...{ train, parts: new Map(kept), disagreeing, complete },
      ...(agreement ? { agreed: agreement.first[1] } : {}),
    }
  }
}
