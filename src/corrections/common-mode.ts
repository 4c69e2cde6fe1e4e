/** Pixels along each side of an ASIC. */
export const ASIC_SIDE = 64

/** Memory cells that share a row of the storage: their common mode is found together. */
export const ROW_CELLS = 32

/** Step `common-mode`. */
export interface CommonModeParams {
  readonly iterations: number
  /** Values from `low` to `high` ADU, inclusive, are dark; both exactly f32. */
  readonly low: number
  readonly high: number
  /** Least share of dark values: with fewer nothing is subtracted. */
  readonly fraction: number
  /** Of how many images of a row that is a share: those that are there, or 32 cells × 256 trains. */
  readonly count: 'present' | 'nominal'
  /** Both parts, or (b) alone, which needs no other images. */
  readonly part: 'both' | 'image'
}

export const DEFAULT_COMMON_MODE: CommonModeParams = {
  iterations: 4,
  low: -30,
  high: 30,
  fraction: 0.15,
  count: 'present',
  part: 'both',
}

const NOMINAL_IMAGES = ROW_CELLS * 256

/** Least dark values of a pixel in a row of which `images` are there. */
export function leastOfRow({ fraction, count }: CommonModeParams, images: number): number {
  return fraction * (count === 'nominal' ? NOMINAL_IMAGES : images)
}

/** Least dark values of an ASIC in one image. */
export function leastOfAsic({ fraction }: Pick<CommonModeParams, 'fraction'>): number {
  return fraction * ASIC_SIDE ** 2
}
