import type { PixelKind } from './bad-pixels.js'

/** Three gain stages, high, medium, low; a detector of one stage uses the first. */
export type Stages<T> = readonly [T, T, T]

/** What is common to all pixels of a detector in one gain stage. ADU. */
export interface StagePhysics {
  /** Mean dark level. */
  readonly level: number
  /** How much of the pattern that module and ASICs share is in it. */
  readonly shared: number
  /** Standard deviations of the dark level: of pixels, and of memory cells. */
  readonly spread: number
  readonly cells: number
  /** Mean noise, its variation along the module, and its standard deviation. */
  readonly noise: number
  readonly noiseSmooth: number
  readonly noiseSpread: number
}

/** The physics of one detector, as far as its raw numbers show it. */
export interface Physics {
  readonly stages: Stages<StagePhysics>
  /** Standard deviation of a pixel's dark level from memory cell to memory cell, ADU. */
  readonly cellPixel: number
  /** ADU of one photon in high gain, per keV of its energy. */
  readonly aduPerKev: number
  /** High-gain signal over medium-gain signal. */
  readonly mediumRatio: number
  /** Medium-gain signal over low-gain signal. */
  readonly lowRatio: number
  /** Standard deviation of the step that switching makes, ADU. */
  readonly stepSpread: number
  /** Analogue levels, ADU, at which a pixel leaves high gain and medium gain; infinite: it never does. */
  readonly switches: readonly [number, number]
  /** Mean raw gains, if an analogue level indicates a pixel's stage; else 0. */
  readonly rawGains: Stages<number>
  /** What becomes of bad pixels: level and noise of dead ones, what hot ones add, by what noisy ones multiply. */
  readonly bad: {
    readonly level: number
    readonly noise: number
    readonly hot: number
    readonly noisy: number
  }
  /** Bad pixels that this detector has. */
  readonly kinds: readonly PixelKind[]
  /** Stores a pixel's analogue level `s`, raw gain `r` and stage as the detector's raw numbers. */
  store(raw: Uint16Array, pixels: number, pixel: number, s: number, r: number, stage: number): void
}

/** Rounded half up, from `least` to `most`. */
export function digitised(level: number, least: number, most: number): number {
  const value = (level + 0.5) | 0
  return Math.max(least, Math.min(most, value))
}
