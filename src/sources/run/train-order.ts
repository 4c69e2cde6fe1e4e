import { TRAIN_LIMIT } from '../../exdf/index-rows.js'
import type { TrainId } from '../../model/ids.js'
import type { ModuleFile, TrainEntry } from './run.js'

/** First and last id that decide which trains a file covers. */
export interface TrainRange {
  readonly first: number
  readonly last: number
}

/**
 * The range of a file's trains, of those that can be trusted: neither flagged as suspect nor strays. Of all, where
 * none can; `Infinity` to 0 of none.
 */
export function rangeOf({ trains }: Pick<ModuleFile, 'trains'>): TrainRange {
  const trusted = trains.filter(({ flag, stray }) => flag !== 0 && !stray)
  const from = trusted.length > 0 ? trusted : trains
  return { first: from[0]?.trainId ?? Infinity, last: from.at(-1)?.trainId ?? 0 }
}

/** Trains of a file that are out of sequence in the file. */
export interface Disorder {
  readonly file: ModuleFile
  readonly trains: readonly TrainId[]
}

/** The middle of the ids that the run's files have, each file's counting; 0 of none. */
export function middleTrain(files: readonly ModuleFile[]): number {
  const ids = files.flatMap(({ trains }) => trains.filter(({ flag }) => flag !== 0).map(t => t.trainId))
  return Float64Array.from(ids).sort()[Math.floor(ids.length / 2)] ?? 0
}

/**
 * Finds the trains of a module that are out of sequence: those that must be left out so that ids rise from row to row
 * and file to file, and those further from the run's middle than a run is long. Such a train is a stray if its id is not
 * between those of the files before and after its own either: then it cannot be sorted into its file.
 * @param files of one module, in any order.
 * @returns the files in the order of their trusted trains, strays marked, and what is out of sequence in them.
 */
export function markStrays(
  files: readonly ModuleFile[],
  middle: number,
): { readonly files: ModuleFile[]; readonly disorder: Disorder[] } {
  const isFar = ({ trainId }: TrainEntry) => middle > 0 && Math.abs(trainId - middle) > TRAIN_LIMIT
  const parts = files.map(file => {
    const stored = [...file.trains].sort((a, b) => a.index - b.index)
    const core = stored.filter(train => train.flag !== 0 && !isFar(train))
    const ids = Float64Array.from(core, ({ trainId }) => trainId).sort()
    return { file, stored, core, centre: ids[ids.length >> 1] ?? rangeOf(file).first }
  })
  parts.sort((a, b) => a.centre - b.centre)
  const chosen = risingTrains(parts.flatMap(({ core }) => core))
  const ranges = parts.map(({ core }) => {
    const ids = core.filter(train => chosen.has(train)).map(({ trainId }) => trainId)
    return { first: ids[0], last: ids.at(-1) }
  })
  const disorder: Disorder[] = []
  const marked = parts.map(({ file, stored, core }, i) => {
    const before = ranges.slice(0, i).findLast(({ last }) => last !== undefined)?.last ?? 0
    const after = ranges.slice(i + 1).find(({ first }) => first !== undefined)?.first ?? Infinity
    const inCore = new Set(core)
    const loose = stored.filter(train => !chosen.has(train) && (inCore.has(train) || isFar(train)))
    if (loose.length > 0) disorder.push({ file, trains: loose.map(({ trainId }) => trainId) })
    const isStray = (train: TrainEntry) =>
      !chosen.has(train) && (isFar(train) || train.trainId <= before || train.trainId >= after)
    const strays = new Set(stored.filter(isStray))
    if (strays.size === 0) return file
    const trains = file.trains.map(train => (strays.has(train) ? { ...train, stray: true as const } : train))
    return { ...file, trains }
  })
  return { files: marked, disorder }
}

/**
 * The most trains whose ids rise: of several choices, the earliest trains.
 *
 * A train may be part of such a choice if as many rise up to it and from it on as rise at most; of those at one
 * position in the rise, the first that follows what was chosen is taken.
 */
function risingTrains(trains: readonly TrainEntry[]): Set<TrainEntry> {
  if (trains.every(({ trainId }, i) => i === 0 || trainId > (trains[i - 1]?.trainId ?? 0)))
    return new Set(trains)
  const upTo = riseLengths(trains.map(({ trainId }) => trainId))
  const from = riseLengths(trains.map(({ trainId }) => -trainId).reverse()).reverse()
  const most = upTo.reduce((a, b) => Math.max(a, b), 0)
  const chosen = new Set<TrainEntry>()
  let last = 0
  for (const [i, train] of trains.entries()) {
    const place = upTo[i] ?? 0
    if (place + (from[i] ?? 0) - 1 !== most || place !== chosen.size + 1 || train.trainId <= last) continue
    chosen.add(train)
    last = train.trainId
  }
  return chosen
}

/** Of each value, how many at most rise up to it, itself included. */
function riseLengths(values: readonly number[]): number[] {
  /** The least value in which so many can end, less one. */
  const ends: number[] = []
  return values.map(value => {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const mid = (low + high) >> 1
      if ((ends[mid] ?? 0) < value) low = mid + 1
      else high = mid
    }
    ends[low] = value
    return low + 1
  })
}

/**
 * The trains of one CORR file in order: ascending, but a stray stays where the RAW file has it, in the place of what the
 * file lacks there. So the file begins and ends as the RAW file does, has as many trains, and reads as that one does.
 * @param ids ascending, of the file's own trains and those it lists without frames.
 */
export function inFileOrder(ids: readonly TrainId[], own: ReadonlyMap<TrainId, TrainEntry>): TrainId[] {
  const strays = ids
    .flatMap(id => own.get(id) ?? [])
    .filter(({ stray }) => stray)
    .sort((a, b) => a.index - b.index)
  if (strays.length === 0) return [...ids]
  const ordered: TrainId[] = []
  let lacking: TrainId[] = []
  let next = 0
  const close = (end: number) => {
    const from = next
    for (; (strays[next]?.index ?? Infinity) < end; next++) ordered.push(strays[next]?.trainId as TrainId)
    if (next === from) for (const id of lacking) ordered.push(id)
    lacking = []
  }
  for (const id of ids) {
    const entry = own.get(id)
    if (entry === undefined) lacking.push(id)
    else if (!entry.stray) {
      close(entry.index)
      ordered.push(id)
    }
  }
  close(Infinity)
  return ordered
}
