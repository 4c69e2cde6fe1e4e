import { type Contribute, PLANE_KINDS, type PlaneSource } from './plane-kinds.js'

/**
 * The planes of constants that a kernel reads, and where each comes from.
 *
 * A lane holds, for each memory cell the run uses, a fixed list of planes; each plane is one 32-bit value
 * a pixel in image order `[slow scan][fast scan]`. What a correction step does not need is filled with the
 * neutral element of its operation, so that one kernel serves every subset of steps.
 */
export type PlaneRecipe = {
  [K in Kind]: { readonly kind: K } & Readonly<Parameters<(typeof PLANE_KINDS)[K]>[0]>
}[Kind]

type Kind = keyof typeof PLANE_KINDS

/** What one calibration contributes to a plane. */
export interface PlanePart extends Contribute {
  readonly calibration: string
  /** Planes of the calibration's last axis, in the order in which `write` takes them. */
  readonly reads: readonly number[]
}

/** The same 32 bits for every pixel. */
export function fill(bits: number): PlaneRecipe {
  return { kind: 'fill', bits }
}

/** Names of the calibrations that `recipes` are made of, each once. */
export function calibrationsOf(recipes: readonly PlaneRecipe[]): string[] {
  return [...new Set(recipes.flatMap(recipe => sourceOf(recipe).calibrations))]
}

/** The calibration whose median over the module `recipes` need; undefined: none. */
export function medianCalibrationOf(recipes: readonly PlaneRecipe[]): string | undefined {
  return recipes.map(recipe => sourceOf(recipe)).find(({ median }) => median)?.calibrations[0]
}

/**
 * What a plane is made of, in the order in which the parts are joined; none: it is filled with {@link neutralBits}.
 * @param median of the calibration that {@link medianCalibrationOf} names.
 * @throws RangeError if the recipe needs the median and it was not given.
 */
export function partsOf(recipe: PlaneRecipe, median?: number): PlanePart[] {
  const source = sourceOf(recipe, median)
  const { calibrations, reads, contribute, further = contribute } = source
  if (source.median && median === undefined)
    throw new RangeError(`the recipe ${recipe.kind} needs the median of ${calibrations[0]}`)
  if (reads.length === 0) return []
  return calibrations.map((calibration, i) => ({ ...(i === 0 ? contribute : further), calibration, reads }))
}

/** The 32 bits of a plane without parts. */
export function neutralBits(recipe: PlaneRecipe): number {
  return sourceOf(recipe).neutral ?? 0
}

/** The 32 bits of a plane for a cell that not all of its constants have. */
export function missingBits(recipe: PlaneRecipe): number {
  return sourceOf(recipe).missing ?? 0x7fc00000
}

function sourceOf(recipe: PlaneRecipe, median = Number.NaN): PlaneSource {
  const kind = PLANE_KINDS[recipe.kind] as (plane: PlaneRecipe, median: number) => PlaneSource
  return kind(recipe, median)
}
