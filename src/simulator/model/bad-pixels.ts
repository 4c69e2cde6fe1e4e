import { badPixelMask } from '../../../constants/model/bad-pixels.js'
import { type Key, uniform } from './random.js'

/** What is wrong with a pixel, in all memory cells. */
export const PIXEL_KINDS = [
  'good',
  /** Reads the same low value regardless of light. */
  'dead',
  /** Its pedestal is far too high. */
  'hot',
  /** Its noise is four times that of its neighbours. */
  'noisy',
  /** Its raw gain reads medium in every stage. */
  'stuck',
  /** Its raw gain cannot tell low from medium. */
  'gap',
  /** Works, but its dark constants are NaN. */
  'uncalibrated',
  /** Works, but was not linear in the pulse-capacitor scan. */
  'nonlinear',
  /** Works, but its flat field had no entries: NaN slope. */
  'unlit',
] as const
export type PixelKind = (typeof PIXEL_KINDS)[number]

/** Share of a module's pixels that is of each kind. */
const SHARES: Readonly<Record<Exclude<PixelKind, 'good'>, number>> = {
  dead: 5e-4,
  hot: 5e-4,
  noisy: 1e-3,
  stuck: 5e-4,
  gap: 3e-4,
  uncalibrated: 5e-4,
  nonlinear: 3e-4,
  unlit: 3e-4,
}

/** Number of a kind, as {@link drawKinds} stores it. */
export const KIND: Readonly<Record<PixelKind, number>> = Object.fromEntries(
  PIXEL_KINDS.map((kind, number) => [kind, number]),
) as Record<PixelKind, number>

/** The kind of each pixel, as its number in {@link PIXEL_KINDS}; those not among `kinds` are good. */
export function drawKinds(pixels: number, key: Key, among: readonly PixelKind[] = PIXEL_KINDS): Uint8Array {
  const shares = Object.entries(SHARES)
  const bad = shares.reduce((sum, [, share]) => sum + share, 0)
  const kinds = new Uint8Array(pixels)
  for (let pixel = 0; pixel < pixels; pixel++) {
    let u = uniform(key, pixel)
    if (u >= bad) continue
    for (const [kind, share] of shares) {
      if (u < share) {
        if (among.includes(kind as PixelKind)) kinds[pixel] = KIND[kind as PixelKind]
        break
      }
      u -= share
    }
  }
  return kinds
}

const LEVELS = badPixelMask('OFFSET_OUT_OF_THRESHOLD')
const NOISE = badPixelMask('NOISE_OUT_OF_THRESHOLD')
const NO_DARK = badPixelMask('OFFSET_NOISE_EVAL_ERROR', 'NO_DARK_DATA')
const GAIN = badPixelMask('GAIN_THRESHOLDING_ERROR')
const NONE = [0, 0, 0] as const

/** Bits that a characterisation sets for each kind, by calibration and gain stage. */
export const BITS: Readonly<
  Record<
    'BadPixelsDark' | 'BadPixelsPC' | 'BadPixelsFF',
    Partial<Record<PixelKind, readonly [number, number, number]>>
  >
> = {
  BadPixelsDark: {
    dead: [LEVELS | NOISE, LEVELS | NOISE, LEVELS | NOISE],
    hot: [LEVELS, LEVELS, LEVELS],
    noisy: [NOISE, NOISE, NOISE],
    stuck: [GAIN, GAIN, GAIN],
    gap: [0, GAIN, GAIN],
    uncalibrated: [NO_DARK, NO_DARK, NO_DARK],
  },
  BadPixelsPC: { nonlinear: [0, badPixelMask('CI_LINEAR_DEVIATION'), badPixelMask('CI_LINEAR_DEVIATION')] },
  BadPixelsFF: {
    unlit: [badPixelMask('FF_NO_ENTRIES'), badPixelMask('FF_NO_ENTRIES'), badPixelMask('FF_NO_ENTRIES')],
  },
}

/** The bits of one pixel kind in one calibration, by gain stage. */
export function bitsOf(calibration: keyof typeof BITS, kind: number): readonly [number, number, number] {
  return BITS[calibration][PIXEL_KINDS[kind] ?? 'good'] ?? NONE
}
