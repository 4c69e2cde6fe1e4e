import type { BridgeTime } from '../bridge/message.js'
import { type CombinedTrain, Combiner } from '../combiner/combiner.js'
import type { ModuleIndex, TrainId } from '../model/ids.js'
import type { LossCause } from './live.js'
import type { RawPart } from './raw-part.js'
import { type StreamedPart, sameItems } from './streamed-part.js'

export interface JoinerOptions<Part extends StreamedPart> {
  readonly modules: readonly ModuleIndex[]
  /** ms after its first module at which a train goes on without those it lacks. */
  readonly deadline: number
  /** What parts must have in common besides their cells and pulses, and what to say of one that has not. */
  readonly alike?: { readonly test: (a: Part, b: Part) => boolean; readonly otherwise: string }
  /** Told of what is left out, and why. */
  readonly onLoss: (cause: LossCause, message: string, place: { train: number; module?: number }) => void
}

/** The frames of one train of the whole detector: raw, or corrected elsewhere. */
export interface StreamedTrain<Part extends StreamedPart = RawPart> {
  readonly train: TrainId
  readonly time: BridgeTime
  readonly parts: ReadonlyMap<ModuleIndex, Part>
  /** Of those frames that all its modules have. */
  readonly cellIds: Uint16Array
  readonly pulseIds: BigUint64Array
  /** All modules are there and agree. */
  readonly complete: boolean
  /** When its last part came, on the clock of `performance.now`. */
  readonly receivedAt: number
}

/** Trains that wait for modules at most: more than a deadline's worth at ten a second would only take memory. */
const MOST_WAITING = 16
/** So many trains in a row that came before, none new between: the source has begun anew. */
const AGAIN_IN_A_ROW = 3

/** Joins the parts of modules by train, as they come; a source that begins anew, or whose clock runs back, is followed. */
export class TrainJoiner<Part extends StreamedPart> {
  readonly #options: JoinerOptions<Part>
  readonly #combiner: Combiner<Part>
  readonly #receivedAt = new Map<TrainId, number>()
  /** Trains that came a second time, since the last new one. */
  #again: TrainId[] = []

  constructor(options: JoinerOptions<Part>) {
    const { modules, deadline, alike } = options
    this.#options = options
    this.#combiner = new Combiner({
      ...{ modules, deadline, most: MOST_WAITING },
      same: (a, b) =>
        sameItems(a.pulseIds, b.pulseIds) && sameItems(a.cellIds, b.cellIds) && (alike?.test(a, b) ?? true),
      empty: ({ cellIds }) => cellIds.length === 0,
    })
  }

  /** Trains that wait for modules. */
  get waiting(): number {
    return this.#combiner.waiting
  }

  /** Whether one train more would make the oldest go on without the modules it waits for. */
  get isFull(): boolean {
    return this.#combiner.waiting >= MOST_WAITING
  }

  add(part: Part, now = performance.now()): void {
    const { train, module } = part
    const became = this.#combiner.add(train, module, part, now)
    if (became === 'kept') {
      this.#receivedAt.set(train, now)
      this.#again = []
      return
    }
    // A part that its train did without is only late, and tells nothing of the others.
    if (became === 'duplicate' && this.#combiner.gave(train) && this.#beginsAnew(train)) {
      this.#combiner.forget()
      this.add(part, now)
      return
    }
    this.#options.onLoss(
      became,
      became === 'late' ? 'came after its train was joined' : 'came a second time: the first is used',
      { train, module },
    )
  }

  /** Trains that are complete or due. */
  take(now = performance.now()): StreamedTrain<Part>[] {
    return this.#combiner.take(now).flatMap(train => this.#joined(train, now))
  }

  /** All trains that are left, with whatever modules they have: nothing comes any more. */
  finish(now = performance.now()): StreamedTrain<Part>[] {
    return this.#combiner.finish().flatMap(train => this.#joined(train, now))
  }

  #joined(combined: CombinedTrain<Part>, now: number): StreamedTrain<Part>[] {
    const { onLoss, alike } = this.#options
    const { train, parts, agreed, disagreeing, complete } = combined
    const receivedAt = this.#receivedAt.get(train) ?? now
    this.#receivedAt.delete(train)
    for (const module of disagreeing.keys())
      onLoss('disagreeing', alike?.otherwise ?? 'has other pulses or cells than most modules', {
        train,
        module,
      })
    const [first] = parts.values()
    if (first === undefined) return []
    const { time, cellIds, pulseIds } = agreed ?? first
    const present = [...parts].filter(([, part]) => part.cellIds.length === cellIds.length)
    return [
      {
        ...{ train, time, cellIds, pulseIds, receivedAt },
        parts: new Map(present.map(([, part]) => [part.module, part])),
        complete: complete && present.length === parts.size,
      },
    ]
  }

  /** Whether trains that come again in a row, each above the last, show that ids have begun anew. */
  #beginsAnew(train: TrainId): boolean {
    const last = this.#again.at(-1)
    if (last === train) return false
    this.#again = last !== undefined && train < last ? [train] : [...this.#again, train]
    if (this.#again.length < AGAIN_IN_A_ROW) return false
    this.#again = []
    return true
  }
}
