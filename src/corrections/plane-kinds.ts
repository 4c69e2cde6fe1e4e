import {
  assignBits,
  copyFloats,
  lowThreshold,
  mediumThreshold,
  multiplyFloats,
  orBits,
  pcBaseline,
  pcBaselineF32,
  pcGain,
  pcGainF32,
  saturation,
  type WriteRow,
  xrayGain,
  xraySlope,
} from './plane-formulas.js'

/**
 * How a row of a constant goes into a plane. Kernels know the forms that have a name: numbers as they are, further
 * factors, the first masks of a plane, further masks, the two planes of thresholds; formulas are for TypeScript alone.
 */
export interface Contribute {
  readonly form: 'copy' | 'times' | 'assign' | 'or' | 'medium-threshold' | 'low-threshold' | 'formula'
  /** Of thresholds: whether step 2, `low-medium-gap`, is on. */
  readonly gap?: boolean
  readonly write: WriteRow
}

/** What a plane is made of, and how. */
export interface PlaneSource {
  /** In the order in which they contribute. */
  readonly calibrations: readonly string[]
  /** Planes of their last axis (0 where there is none) that are read; none: the plane is filled with `neutral`. */
  readonly reads: readonly number[]
  readonly contribute: Contribute
  /** How the calibrations behind the first contribute; absent: in the same way. */
  readonly further?: Contribute
  /** It takes the median of the calibration's finite values over the module. */
  readonly median?: true
  /** The 32 bits of a plane that reads nothing; absent: 0. */
  readonly neutral?: number
  /**
   * The 32 bits for a cell that not all constants have, so that its frames become NaN with NO_DARK_DATA; absent: NaN,
   * as in every term and factor. Thresholds are infinite and never switch; planes of steps that are off stay neutral.
   */
  readonly missing?: number
}

/** A plane of masks. */
interface BadPixelsPlane {
  readonly calibrations: readonly string[]
  readonly stage: number
  /** Step `noisy-adc`, once all of the plane is there: share of noisy pixels of a block of 64 × 64 above which all are bad. */
  readonly noisyShare?: number
}

/** Bits of the f32 neutral elements; x + −0 is x for every x, −0 included. */
export const NEUTRAL = { zero: 0, one: 0x3f800000, minusZero: 0x80000000, infinite: 0x7f800000 } as const

const NO_DARK_DATA = 1 << 3
const INFINITE = { missing: NEUTRAL.infinite }

const COPY: Contribute = { form: 'copy', write: copyFloats }
const TIMES: Contribute = { form: 'times', write: multiplyFloats }
const OR: Contribute = { form: 'or', write: orBits }
/** The first masks of a plane: what was there need not be cleared. */
export const ASSIGN: Contribute = { form: 'assign', write: assignBits }

function from(
  calibrations: readonly string[],
  reads: readonly number[],
  contribute: Contribute | WriteRow,
  more: Partial<PlaneSource> = {},
): PlaneSource {
  const how =
    typeof contribute === 'function' ? ({ form: 'formula', write: contribute } as const) : contribute
  return { calibrations, reads, contribute: how, ...more }
}

/**
 * Every kind of plane, by name: the one place that knows them. A plane in a chain is `{ kind, … }` with what its entry
 * takes: plain data, which can be posted to a thread. A new kind is an entry here, and its formula.
 */
export const PLANE_KINDS = {
  /** The same 32 bits for every pixel: the neutral element of a step that is off. */
  fill: ({ bits }: { bits: number }) => from([], [], COPY, { neutral: bits, missing: bits }),
  /** Plane `index` of a calibration's last axis, rounded to f32. */
  value: ({ calibration, index }: { calibration: string; index: number }) =>
    from([calibration], [index], COPY, calibration === 'ThresholdsDark' ? INFINITE : {}),
  /** Product of plane `index` of several calibrations, in this order: each, and every product, rounded to f32. */
  product: ({ calibrations, index }: { calibrations: readonly string[]; index: number }) =>
    from(calibrations, [index], COPY, { further: TIMES }),
  /** Bitwise or of the gain-stage plane of each bad-pixel calibration, u32; without any, all pixels are good. */
  'bad-pixels': ({ calibrations, stage }: BadPixelsPlane) =>
    from(calibrations, [stage], OR, { missing: NO_DARK_DATA }),
  /**
   * T0 of ThresholdsDark, lowered to T1 (as `low-threshold` gives it) where that is lower, and T1 where T0 is NaN;
   * +Infinity where both are NaN. No pixel's stage changes by it, and r ≤ this plane alone says "high gain".
   */
  'medium-threshold': ({ gap }: { gap: boolean }) =>
    from(
      ['ThresholdsDark'],
      [0, 1],
      { form: 'medium-threshold', gap, write: mediumThreshold(gap) },
      INFINITE,
    ),
  /** T1 of ThresholdsDark; with `gap`, 65535 where T1 ≤ fround(fround(1.05)·T0) (step 2). */
  'low-threshold': ({ gap }: { gap: boolean }) =>
    from(['ThresholdsDark'], [0, 1], { form: 'low-threshold', gap, write: lowThreshold(gap) }, INFINITE),
  /** Relative gain of SlopesPC: 1, m0/m3, 4.48·m0/m3 (step 8). */
  'pc-gain': ({ stage }: { stage: 0 | 1 | 2 }) =>
    from(['SlopesPC'], stage === 0 ? [] : [0, 3], pcGain(stage === 1 ? 1 : 4.48), { neutral: NEUTRAL.one }),
  /** b1 − b4·m0/m3 of SlopesPC (step 9). */
  'pc-baseline': (_: object) => from(['SlopesPC'], [1, 4, 0, 3], pcBaseline),
  /** Median of the module's finite SlopesFF ÷ SlopesFF (step 11). */
  'xray-gain': (_: object, median: number) => from(['SlopesFF'], [0], xrayGain(median), { median: true }),
  /** The number from which on a 12-bit stage is saturated: 4095 − sigmas·Noise, `sigmas` an f32, all rounded to f32. */
  saturation: ({ stage, sigmas }: { stage: number; sigmas: number }) =>
    from(['Noise'], [stage], saturation(sigmas)),

  // What other readings of the steps are made of (`OpenCorrections`): no kernel is given them.
  /** As `pc-gain`, in f32 throughout. */
  'pc-gain-f32': ({ stage }: { stage: number }) =>
    from(['SlopesPC'], stage === 0 ? [] : [0, 3], pcGainF32(stage === 1 ? 1 : 4.48), {
      neutral: NEUTRAL.one,
    }),
  /** As `pc-baseline`, in f32 throughout. */
  'pc-baseline-f32': (_: object) => from(['SlopesPC'], [1, 4, 0, 3], pcBaselineF32),
  /** SlopesFF ÷ median of the module's finite SlopesFF. */
  'xray-slope': (_: object, median: number) => from(['SlopesFF'], [0], xraySlope(median), { median: true }),
}
