import { ASSIGN, type Contribute } from '../../src/corrections/plane-kinds.js'
import { neutralBits, type PlaneRecipe, partsOf } from '../../src/corrections/planes.js'
import { ConstantsError } from '../../src/model/errors.js'
import { type ConstantSource, planesOf } from '../files/source.js'

/** What one constant contributes to one plane of a lane. */
export interface Contribution extends Contribute {
  readonly source: ConstantSource
  /** Planes of the constant's last axis that it reads. */
  readonly reads: readonly number[]
  /** The lane's plane it writes. */
  readonly plane: number
}

/** A plane of a lane that needs no constant, and the 32 bits of each of its pixels. */
export interface Filled {
  readonly plane: number
  readonly bits: number
}

/** The plan of a lane's planes: what is filled, what comes from where. */
export interface Contributions {
  readonly filled: readonly Filled[]
  readonly bySource: ReadonlyMap<ConstantSource, readonly Contribution[]>
}

/**
 * What `recipes` need.
 * @param median of the calibration that a recipe takes the median of.
 * @throws ConstantsError if a constant lacks a plane; RangeError if a recipe's constant or the median was not given.
 */
export function contributionsOf(
  recipes: readonly PlaneRecipe[],
  constants: ReadonlyMap<string, ConstantSource>,
  median: number | undefined,
): Contributions {
  const filled: Filled[] = []
  const bySource = new Map<ConstantSource, Contribution[]>()
  for (const [plane, recipe] of recipes.entries()) {
    const parts = partsOf(recipe, median)
    if (parts.length === 0) filled.push({ plane, bits: neutralBits(recipe) })
    for (const { calibration, reads, ...how } of parts) {
      const source = constants.get(calibration)
      if (source === undefined) throw new RangeError(`a recipe needs ${calibration}, which was not given`)
      const contribution = { ...how, source, reads: reads.map(index => planeOf(source, index)), plane }
      bySource.set(source, [...(bySource.get(source) ?? []), contribution])
    }
  }
  return { filled, bySource: assigningFirst(bySource) }
}

/** Constants are read one after the other: the first mask of a plane assigns, so that it need not be cleared. */
function assigningFirst(bySource: Contributions['bySource']): Contributions['bySource'] {
  const written = new Set<number>()
  const result = new Map<ConstantSource, Contribution[]>()
  for (const [source, uses] of bySource) {
    const ordered = uses.map((use): Contribution => {
      const first = !written.has(use.plane)
      written.add(use.plane)
      return first && use.form === 'or' ? { ...use, ...ASSIGN } : use
    })
    result.set(source, ordered)
  }
  return result
}

/** The plane of `source` for `index` of the last axis: its only one where it has none or one. */
function planeOf(source: ConstantSource, index: number): number {
  const planes = planesOf(source)
  if (planes === 1) return 0
  if (index < planes) return index
  throw new ConstantsError(
    `${source.calibration.name} has ${planes} planes in its last axis; plane ${index} is needed`,
    { place: source.place, hint: 'Check its axes with detcal constants show' },
  )
}
