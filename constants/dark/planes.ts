import type { DarkRecipe } from './recipe.js'

/**
 * What is computed for each (cell, stage): offset and noise (f32, ADU), bad pixels (u32) and, where a detector has gain
 * samples, their mean and standard deviation (f32). A plane is one element a pixel in image order.
 *
 * Where thresholds are made, `gainMean` holds sums (u32) until a cell is evaluated, and `gainDeviation`, afterwards, the
 * midpoint of the stage's mean and the next one's: nobody needs deviations any more.
 */
export const QUANTITIES = ['offset', 'noise', 'bad', 'gainMean', 'gainDeviation'] as const
export type Quantity = (typeof QUANTITIES)[number]

/** Quantities that a recipe computes, a prefix of {@link QUANTITIES}. */
function quantities({ gain }: DarkRecipe): number {
  return gain === undefined ? 3 : QUANTITIES.length
}

/** Planes of one cell: those of stage 0 in order of {@link QUANTITIES}, then stage 1, … */
export function planesOfCell(recipe: DarkRecipe): number {
  return recipe.stages.length * quantities(recipe)
}

/** Number of a plane among those of its cell. */
export function planeOf(recipe: DarkRecipe, stage: number, quantity: Quantity): number {
  return stage * quantities(recipe) + QUANTITIES.indexOf(quantity)
}

/** Views on the planes of one (cell, stage). */
export interface StagePlanes {
  readonly offset: Float32Array
  readonly noise: Float32Array
  readonly bad: Uint32Array
  /** Present where the recipe has gain samples. */
  readonly gain?: { readonly mean: Float32Array; readonly deviation: Float32Array }
}

/** Where the planes of all cells lie: cell after cell in `buffer` from byte `base`. */
export interface PlaneStore {
  readonly buffer: ArrayBufferLike
  readonly base: number
  readonly cellBytes: number
  readonly pixels: number
}

/** The planes of `cell` (by position in the store) and `stage`. */
export function stagePlanes(
  { buffer, base, cellBytes, pixels }: PlaneStore,
  recipe: DarkRecipe,
  cell: number,
  stage: number,
): StagePlanes {
  const at = (quantity: Quantity) =>
    base + cell * cellBytes + planeOf(recipe, stage, quantity) * pixels * Float32Array.BYTES_PER_ELEMENT
  const floats = (quantity: Quantity) => new Float32Array(buffer, at(quantity), pixels)
  return {
    offset: floats('offset'),
    noise: floats('noise'),
    bad: new Uint32Array(buffer, at('bad'), pixels),
    ...(recipe.gain && { gain: { mean: floats('gainMean'), deviation: floats('gainDeviation') } }),
  }
}
