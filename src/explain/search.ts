import type { Explained, StepReading } from '../corrections/open/readings.js'
import {
  type Candidate,
  type Choices,
  candidatesOf,
  neighboursOf,
  type OperationsOfModules,
} from './candidates.js'
import { countDifferences, heldAgainst, partNames } from './parts.js'
import type { FrameSample } from './sample.js'

/** How well a candidate makes a dataset: pixels that differ, by part. */
export interface Tried {
  readonly candidate: Candidate
  readonly counts: Float64Array
  readonly total: number
}

/** What came of trying readings for a dataset. */
export interface SearchResult {
  /** The one that makes it exactly, with as few readings as may be; else the one that comes nearest. */
  readonly best: Tried
  readonly tried: number
  /** Other sets of as few readings that make it exactly as well. */
  readonly instead: readonly (readonly StepReading[])[]
  /** Readings that might be added, or stand in the place of one, and make it exactly as well: these frames do not tell of them. */
  readonly undecided: readonly StepReading[]
  /** By part, the fewest readings that make that part exactly; undefined: none does. */
  readonly ofParts: readonly (readonly StepReading[] | undefined)[]
}

/**
 * Tries readings of a dataset: none, each alone, several together, until some make it exactly.
 * @param earlier of masks: the operations that explain the data.
 * @param checkpoint called before each is tried; what it throws ends the search.
 */
export function searchReadings(
  dataset: Explained,
  choices: Choices,
  sample: FrameSample,
  { earlier, checkpoint }: { readonly earlier?: OperationsOfModules; readonly checkpoint?: () => void } = {},
): SearchResult {
  const trying = (candidate: Candidate): Tried => {
    checkpoint?.()
    const counts = differences(dataset, candidate, sample, earlier, isHopeless)
    return { candidate, counts, total: sum(counts) }
  }
  const ofParts = new Array<readonly StepReading[] | undefined>(partNames(dataset).length).fill(undefined)
  const exact: Tried[] = []
  let best: Tried | undefined
  let tried = 0
  /** Whether a candidate can neither come nearer than the best, nor make a part that nobody has made. */
  const isHopeless = (counts: Float64Array): boolean =>
    best !== undefined &&
    sum(counts) > best.total &&
    counts.every((count, part) => count > 0 || ofParts[part] !== undefined)
  for (const candidate of candidatesOf(choices)) {
    const [first] = exact
    if (first && candidate.readings.length > first.candidate.readings.length) break
    const found = trying(candidate)
    tried++
    found.counts.forEach((count, part) => {
      if (count === 0) ofParts[part] ??= candidate.readings
    })
    if (found.total === 0) exact.push(found)
    if (best === undefined || found.total < best.total) best = found
  }
  const [first = best, ...others] = exact
  if (first === undefined) throw new RangeError('there is no candidate')
  const undecided =
    first.total > 0
      ? []
      : [...neighboursOf(choices, first.candidate)]
          .filter(
            candidate => !others.some(({ candidate: { readings } }) => sameSet(readings, candidate.readings)),
          )
          .filter(candidate => trying(candidate).total === 0)
          .map(({ other }) => other)
  const instead = others.map(({ candidate }) => candidate.readings)
  return { best: first, tried, instead, undecided, ofParts }
}

function differences(
  dataset: Explained,
  { operations }: Candidate,
  { frames, planesOf }: FrameSample,
  earlier: OperationsOfModules | undefined,
  isHopeless: (counts: Float64Array) => boolean,
): Float64Array {
  const counts = new Float64Array(partNames(dataset).length)
  for (const frame of frames) {
    const { module } = frame.pair
    const own = operations.get(module)
    if (own === undefined) continue
    const held = heldAgainst(dataset, frame, own, planesOf(frame), earlier?.get(module))
    if (held) countDifferences(held, counts)
    if (isHopeless(counts)) break
  }
  return counts
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0)
}

function sameSet(one: readonly StepReading[], other: readonly StepReading[]): boolean {
  return one.length === other.length && one.every(reading => other.includes(reading))
}
