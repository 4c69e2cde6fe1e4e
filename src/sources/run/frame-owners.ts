import { FRAME_LIMIT } from '../../exdf/index-rows.js'
import { digitsOf, type ExactNumbers, type Hdf5Dataset, readExact, rowsOf } from '../../hdf5/index.js'
import type { TrainId } from '../../model/ids.js'
import type { Rows, TrainEntry } from './run.js'

/**
 * image/trainId: what the frames say themselves. INDEX decides which frames a train has, but where it contradicts itself
 * or leaves frames out, they are the witness.
 */
export interface FrameOwners {
  readonly ids: ExactNumbers
  /** Trains that INDEX names. */
  readonly trains: ReadonlySet<number>
}

/** The witness; undefined where the file has none that can be read. */
export function frameOwners(
  dataset: Hdf5Dataset | undefined,
  trains: ReadonlySet<number>,
): FrameOwners | undefined {
  if (dataset?.type.dtype === undefined) return undefined
  if (dataset.shape.slice(1).some(length => length !== 1)) return undefined
  return { ids: readExact(dataset, Math.min(rowsOf(dataset), FRAME_LIMIT)), trains }
}

/** A train whose index cannot be right, and why. */
export interface Misplaced {
  readonly train: TrainEntry
  readonly why: string
}

/**
 * Trains of which INDEX says what cannot be: it gives them frames that it gives to others too, or whose greater part
 * says that it is another train's. Of trains that share frames those stay whose frames all say that they are theirs.
 * @param withIds of a train's frames those, from the first on, that have ids.
 */
export function misplacedTrains(
  trains: readonly TrainEntry[],
  owners: FrameOwners | undefined,
  withIds: (rows: Rows) => number,
): Misplaced[] {
  const shared = sharing(trains)
  const misplaced: Misplaced[] = []
  for (const train of trains) {
    const { first } = train.image
    const count = withIds(train.image)
    let [own, foreign, example] = [0, 0, first]
    for (let row = first; owners && row < first + count; row++) {
      const id = owners.ids.numbers[row] ?? 0
      if (id === train.trainId) own++
      else if (owners.trains.has(id)) {
        foreign++
        example = row
      }
    }
    const other = shared.get(train)
    if (other !== undefined && own < count) misplaced.push({ train, why: sharedWith(other) })
    else if (foreign > own)
      misplaced.push({
        train,
        why: `by image/trainId its frames are those of train ${owners?.ids.numbers[example]}`,
      })
  }
  if (shared.size === 0) return misplaced
  const out = new Set(misplaced.map(({ train }) => train))
  const still = sharing(trains.filter(train => !out.has(train)))
  return [...misplaced, ...[...still].map(([train, other]) => ({ train, why: sharedWith(other) }))]
}

function sharedWith({ trainId }: TrainEntry): string {
  return `INDEX gives it frames of train ${trainId}`
}

/** Rows of one train that are looked at. */
const MOST_REPEATS = 8

/**
 * Of several rows with one train id the first in file order is used, unless none of its frames say that they are that
 * train's and all of a later row's do.
 * @returns the rows used, ids of those that are not, and trains of which the first row is one of these.
 */
export function choose(
  trains: readonly TrainEntry[],
  repeats: readonly TrainEntry[],
  owners: FrameOwners | undefined,
  withIds: (rows: Rows) => number,
): { trains: readonly TrainEntry[]; dropped: readonly TrainId[]; mistaken: readonly TrainId[] } {
  const ownOf = ({ trainId, image }: TrainEntry) =>
    owners?.ids.numbers
      .subarray(image.first, image.first + withIds(image))
      .reduce((own, id) => (id === trainId ? own + 1 : own), 0) ?? 0
  const isProven = (train: TrainEntry) => train.image.count > 0 && ownOf(train) === withIds(train.image)
  const byTrain = new Map<TrainId, TrainEntry[]>()
  for (const repeat of repeats)
    byTrain.set(repeat.trainId, [...(byTrain.get(repeat.trainId) ?? []).slice(0, MOST_REPEATS), repeat])
  const mistaken: TrainId[] = []
  const used = trains.map(train => {
    const others = byTrain.get(train.trainId)
    if (others === undefined || train.image.count === 0 || ownOf(train) > 0) return train
    const proven = others.find(isProven)
    if (proven) mistaken.push(train.trainId)
    return proven ?? train
  })
  const changed = new Set(mistaken)
  const dropped = repeats.map(({ trainId }) => trainId).filter(id => !changed.has(id))
  return { trains: used, dropped, mistaken }
}

/** Trains that have a row in common with another, with that one. */
function sharing(trains: readonly TrainEntry[]): Map<TrainEntry, TrainEntry> {
  const shared = new Map<TrainEntry, TrainEntry>()
  const sorted = trains.filter(({ image }) => image.count > 0).sort((a, b) => a.image.first - b.image.first)
  let longest: TrainEntry | undefined
  for (const train of sorted) {
    if (longest && train.image.first < longest.image.first + longest.image.count) {
      shared.set(train, longest)
      if (!shared.has(longest)) shared.set(longest, train)
    }
    if (!longest || endOf(train) > endOf(longest)) longest = train
  }
  return shared
}

function endOf({ image }: TrainEntry): number {
  return image.first + image.count
}

/** Rows by what is wrong with them: how many, and a few with their digits. */
export interface OddRows {
  readonly count: number
  readonly examples: readonly string[]
}

/** Frames of `trains` that carry another train id than INDEX gives them. */
export function strangers(
  trains: readonly TrainEntry[],
  owners: FrameOwners | undefined,
  withIds: (rows: Rows) => number,
): OddRows {
  const found = new OddList()
  if (owners)
    for (const { trainId, image } of trains) {
      const end = Math.min(image.first + withIds(image), owners.ids.numbers.length)
      for (let row = image.first; row < end; row++)
        if (owners.ids.numbers[row] !== trainId) found.add(row, () => digitsOf(owners.ids, row))
    }
  return found
}

/**
 * Written frames that no train has, though they carry the id of one that is used or of none that INDEX names.
 * @param accounted rows that some row of INDEX speaks of.
 * @param leftOut trains that are named already.
 */
export function unclaimed(
  owners: FrameOwners | undefined,
  accounted: readonly Rows[],
  leftOut: ReadonlySet<TrainId>,
): OddRows {
  const found = new OddList()
  const numbers = owners?.ids.numbers
  if (!owners || !numbers) return found
  const known = new Uint8Array(numbers.length)
  for (const { first, count } of accounted) known.fill(1, first, first + count)
  for (let row = known.indexOf(0); row >= 0; row = known.indexOf(0, row + 1)) {
    const id = numbers[row]
    if (id !== 0 && !leftOut.has(id as TrainId)) found.add(row, () => `train ${digitsOf(owners.ids, row)}`)
  }
  return found
}

/** Examples that a message has room for. */
const SHOWN = 5

/** Collects odd rows: counts all, keeps a few. */
export class OddList implements OddRows {
  count = 0
  readonly examples: string[] = []

  add(row: number, digits: () => string): void {
    if (this.count++ < SHOWN) this.examples.push(`frame ${row}: ${digits()}`)
  }
}

/** `3 frames (frame 5: 9999, frame 7: 10001, …)`. */
export function oddText({ count, examples }: OddRows): string {
  const more = count > examples.length ? ', …' : ''
  return `${count} ${count === 1 ? 'frame' : 'frames'} (${examples.join(', ')}${more})`
}
