import type { CommonModeParams } from './common-mode.js'
import type { NoisePeakParams } from './noise-peak.js'

/**
 * What becomes of a chain some of whose steps need whole images or files: its fused kernel is replaced by two, one up to the
 * offset, one from behind the common mode on, and what lies between them has all pixels of an image. Plain data.
 */
export interface Finishing {
  /** Kernel of the steps up to `offset`, which leaves data and stages. */
  readonly stages: string
  /** ASICs of 64 × 64 pixels side by side in a row of the module. */
  readonly columns: number
  /** Raw planes that these read. */
  readonly rawPlanes: number
  /** Kernel of the steps behind; its listed form ends in `Listed`. */
  readonly kernel: string
  /** Its parameters, as those of a chain. */
  readonly params: readonly number[]
  /** Step `baseline-noise`. */
  readonly baseline?: NoisePeakParams & {
    /** Plane of constants with the noise of the first stage. */
    readonly noisePlane: number
  }
  readonly commonMode?: CommonModeParams
  /** Step `zero-std`. */
  readonly zeroStd: boolean
  /** Step `round-photons`: what data are stored as. Absent: f32, as without. */
  readonly recast?: Recast
}

/** Element types of image data of whole photons: signed, unsigned, or f32 as without. */
export const RECASTS = ['i2', 'u2', 'f4'] as const
export type Recast = (typeof RECASTS)[number]

/** The largest number of photons that each can hold; of f4 what step `range` lets pass. */
export const MOST_PHOTONS: Readonly<Record<Recast, number>> = { i2: 32767, u2: 65535, f4: 1e7 }
