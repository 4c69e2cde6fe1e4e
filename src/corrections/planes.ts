/**
 * The planes of constants that a kernel reads, and where each comes from.
 *
 * A lane holds, for each memory cell the run uses, a fixed list of planes; each plane is one 32-bit value
 * a pixel in image order `[slow scan][fast scan]`. What a correction step does not need is filled with the
 * neutral element of its operation, so that one kernel serves every subset of steps.
 */
export type PlaneRecipe =
  /** Plane `index` of a calibration's last axis (0 where it has none), rounded to f32. */
  | { readonly kind: 'value'; readonly calibration: string; readonly index: number }
  /**
   * T0 of ThresholdsDark, lowered to T1 (as `low-threshold` gives it) where that is lower, and T1 where T0 is NaN;
   * +Infinity where both are NaN. No pixel's stage changes by it, and r ≤ this plane alone says "high gain".
   */
  | { readonly kind: 'medium-threshold'; readonly gap: boolean }
  /** T1 of ThresholdsDark; with `gap`, 65535 where T1 ≤ fround(fround(1.05)·T0) (step 2). */
  | { readonly kind: 'low-threshold'; readonly gap: boolean }
  /** Bitwise or of the gain-stage plane of each bad-pixel calibration, u32. */
  | { readonly kind: 'bad-pixels'; readonly calibrations: readonly string[]; readonly stage: number }
  /** Relative gain of SlopesPC: 1, m0/m3, 4.48·m0/m3 (step 8). */
  | { readonly kind: 'pc-gain'; readonly stage: 0 | 1 | 2 }
  /** b1 − b4·m0/m3 of SlopesPC (step 9). */
  | { readonly kind: 'pc-baseline' }
  /** median of the module's finite SlopesFF ÷ SlopesFF (step 11). */
  | { readonly kind: 'xray-gain' }
  /**
   * Product of plane `index` of several calibrations: each rounded to f32, multiplied in this order, every product
   * rounded to f32.
   */
  | { readonly kind: 'product'; readonly calibrations: readonly string[]; readonly index: number }
  /**
   * The number from which on a 12-bit stage is saturated: 4095 − sigmas·Noise, `sigmas` an f32 and every operation
   * rounded to f32.
   */
  | { readonly kind: 'saturation'; readonly stage: number; readonly sigmas: number }
  /** The same 32 bits for every pixel: the neutral element of a step that is off. */
  | { readonly kind: 'fill'; readonly bits: number }

/** Names of the calibrations that `recipes` are made of, each once. */
export function calibrationsOf(recipes: readonly PlaneRecipe[]): string[] {
  return [...new Set(recipes.flatMap(namesOf))]
}

function namesOf(recipe: PlaneRecipe): readonly string[] {
  switch (recipe.kind) {
    case 'value':
      return [recipe.calibration]
    case 'medium-threshold':
    case 'low-threshold':
      return ['ThresholdsDark']
    case 'bad-pixels':
    case 'product':
      return recipe.calibrations
    case 'saturation':
      return ['Noise']
    case 'pc-gain':
    case 'pc-baseline':
      return ['SlopesPC']
    case 'xray-gain':
      return ['SlopesFF']
    case 'fill':
      return []
  }
}
