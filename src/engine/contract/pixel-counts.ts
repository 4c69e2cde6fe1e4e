/** How many pixels of some corrected frames were in which gain stage, and how many are masked. Plain values, for `postMessage`. */
export interface PixelCounts {
  readonly all: number
  /** By gain stage: high, medium, low. */
  readonly stages: readonly number[]
  /** Pixels whose mask is not 0. */
  readonly masked: number
}

export const NO_PIXELS: PixelCounts = { all: 0, stages: [0, 0, 0], masked: 0 }

/** Both together. */
export function sumOfCounts(a: PixelCounts, b: PixelCounts): PixelCounts {
  return {
    all: a.all + b.all,
    stages: a.stages.map((count, stage) => count + (b.stages[stage] ?? 0)),
    masked: a.masked + b.masked,
  }
}
