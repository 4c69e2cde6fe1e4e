import { type Contribute, NAN, PLANE_KINDS, type PlaneKind } from './plane-kinds.js'

/**
 * The planes of constants that a kernel reads, and where each comes from.
 *
 * A lane holds, for each memory cell the run uses, a fixed list of planes; each plane is one 32-bit value
 * a pixel in image order `[slow scan][fast scan]`. What a correction step does not need is filled with the
 * neutral element of its operation, so that one kernel serves every subset of steps.
 */
export type PlaneRecipe = {
  [K in Kind]: { readonly kind: K } & ((typeof PLANE_KINDS)[K] extends PlaneKind<infer P> ? P : never)
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
  return [...new Set(recipes.flatMap(recipe => kindOf(recipe).calibrations(recipe)))]
}

/** The calibration whose median over the module `recipes` need; undefined: none. */
export function medianCalibrationOf(recipes: readonly PlaneRecipe[]): string | undefined {
  const [first] = recipes.filter(recipe => kindOf(recipe).median)
  return first && kindOf(first).calibrations(first)[0]
}

/**
 * What a plane is made of, in the order in which the parts are joined; none: it is filled with {@link neutralBits}.
 * @param median of the calibration that {@link medianCalibrationOf} names.
 * @throws RangeError if the recipe needs the median and it was not given.
 */
export function partsOf(recipe: PlaneRecipe, median?: number): PlanePart[] {
  const { calibrations, reads, first, others, median: needed } = kindOf(recipe)
  const planes = reads?.(recipe) ?? []
  if (planes.length === 0 || first === undefined) return []
  if (needed && median === undefined)
    throw new RangeError(`the recipe ${recipe.kind} needs the median of ${calibrations(recipe)[0]}`)
  const contribute = first(recipe, median ?? Number.NaN)
  return calibrations(recipe).map((calibration, i) => ({
    ...(i === 0 ? contribute : (others ?? contribute)),
    calibration,
    reads: planes,
  }))
}

/** The 32 bits of a plane without parts. */
export function neutralBits(recipe: PlaneRecipe): number {
  return kindOf(recipe).neutral?.(recipe) ?? 0
}

/** The 32 bits of a plane for a cell that not all of its constants have. */
export function missingBits(recipe: PlaneRecipe): number {
  return kindOf(recipe).missing?.(recipe) ?? NAN
}

function kindOf({ kind }: PlaneRecipe): PlaneKind<PlaneRecipe> {
  return PLANE_KINDS[kind] as PlaneKind<PlaneRecipe>
}
