import {
  assignBits,
  copyFloats,
  lowThreshold,
  mediumThreshold,
  multiplyFloats,
  orBits,
  pcBaseline,
  pcGain,
  saturation,
  type WriteRow,
  xrayGain,
} from './plane-formulas.js'

/**
 * A kind of plane of constants: what it is made of and how. {@link PLANE_KINDS} is the one place that knows them: a new
 * kind is an entry there, and its formula.
 */
export interface PlaneKind<P> {
  /** The calibrations it is made of, in the order in which they contribute. */
  readonly calibrations: (plane: P) => readonly string[]
  /** Planes of their last axis (0 where there is none) that it reads; none: the plane is filled with `neutral`. */
  readonly reads?: (plane: P) => readonly number[]
  /** What the first calibration does to the plane. */
  readonly first?: (plane: P, median: number) => Contribute
  /** What the others do; absent: the same as the first. */
  readonly others?: Contribute
  /** The formula takes the median of the calibration's finite values over the module. */
  readonly median?: true
  /** Its 32 bits where nothing is read. */
  readonly neutral?: (plane: P) => number
  /**
   * Its 32 bits for a cell that not all constants have, so that its frames become NaN with NO_DARK_DATA; absent: NaN,
   * as in every term and factor. Thresholds are infinite and never switch; planes of steps that are off stay neutral.
   */
  readonly missing?: (plane: P) => number
}

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

/** Bits of the f32 neutral elements; x + −0 is x for every x, −0 included. */
export const NEUTRAL = { zero: 0, one: 0x3f800000, minusZero: 0x80000000, infinite: 0x7f800000 } as const

/** What {@link PlaneKind.missing} is unless an entry says otherwise. */
export const NAN = 0x7fc00000
const NO_DARK_DATA = 1 << 3

const COPY: Contribute = { form: 'copy', write: copyFloats }
const TIMES: Contribute = { form: 'times', write: multiplyFloats }
const OR: Contribute = { form: 'or', write: orBits }
/** The first masks of a plane: what was there need not be cleared. */
export const ASSIGN: Contribute = { form: 'assign', write: assignBits }
const formula = (write: WriteRow): Contribute => ({ form: 'formula', write })

/** A plane in a chain is `{ kind, … }`, with what its entry here takes: plain data, which can be posted to a thread. */
export const PLANE_KINDS = {
  /** The same 32 bits for every pixel: the neutral element of a step that is off. */
  fill: kind<{ readonly bits: number }>({
    calibrations: () => [],
    neutral: ({ bits }) => bits,
    missing: ({ bits }) => bits,
  }),
  /** Plane `index` of a calibration's last axis, rounded to f32. */
  value: kind<{ readonly calibration: string; readonly index: number }>({
    calibrations: ({ calibration }) => [calibration],
    reads: ({ index }) => [index],
    first: () => COPY,
    missing: ({ calibration }) => (calibration === 'ThresholdsDark' ? NEUTRAL.infinite : NAN),
  }),
  /**
   * Product of plane `index` of several calibrations: each rounded to f32, multiplied in this order, every product
   * rounded to f32.
   */
  product: kind<{ readonly calibrations: readonly string[]; readonly index: number }>({
    calibrations: ({ calibrations }) => calibrations,
    reads: ({ index }) => [index],
    first: () => COPY,
    others: TIMES,
  }),
  /** Bitwise or of the gain-stage plane of each bad-pixel calibration, u32; without any, all pixels are good. */
  'bad-pixels': kind<{ readonly calibrations: readonly string[]; readonly stage: number }>({
    calibrations: ({ calibrations }) => calibrations,
    reads: ({ stage }) => [stage],
    first: () => OR,
    neutral: () => NEUTRAL.zero,
    missing: () => NO_DARK_DATA,
  }),
  /**
   * T0 of ThresholdsDark, lowered to T1 (as `low-threshold` gives it) where that is lower, and T1 where T0 is NaN;
   * +Infinity where both are NaN. No pixel's stage changes by it, and r ≤ this plane alone says "high gain".
   */
  'medium-threshold': kind<{ readonly gap: boolean }>({
    calibrations: () => ['ThresholdsDark'],
    reads: () => [0, 1],
    first: ({ gap }) => ({ form: 'medium-threshold', gap, write: mediumThreshold(gap) }),
    missing: () => NEUTRAL.infinite,
  }),
  /** T1 of ThresholdsDark; with `gap`, 65535 where T1 ≤ fround(fround(1.05)·T0) (step 2). */
  'low-threshold': kind<{ readonly gap: boolean }>({
    calibrations: () => ['ThresholdsDark'],
    reads: () => [0, 1],
    first: ({ gap }) => ({ form: 'low-threshold', gap, write: lowThreshold(gap) }),
    missing: () => NEUTRAL.infinite,
  }),
  /** Relative gain of SlopesPC: 1, m0/m3, 4.48·m0/m3 (step 8). */
  'pc-gain': kind<{ readonly stage: 0 | 1 | 2 }>({
    calibrations: () => ['SlopesPC'],
    reads: ({ stage }) => (stage === 0 ? [] : [0, 3]),
    first: ({ stage }) => formula(pcGain(stage === 2 ? 4.48 : 1)),
    neutral: () => NEUTRAL.one,
  }),
  /** b1 − b4·m0/m3 of SlopesPC (step 9). */
  'pc-baseline': kind<unknown>({
    calibrations: () => ['SlopesPC'],
    reads: () => [1, 4, 0, 3],
    first: () => formula(pcBaseline),
  }),
  /** median of the module's finite SlopesFF ÷ SlopesFF (step 11). */
  'xray-gain': kind<unknown>({
    calibrations: () => ['SlopesFF'],
    reads: () => [0],
    first: (_, median) => formula(xrayGain(median)),
    median: true,
  }),
  /**
   * The number from which on a 12-bit stage is saturated: 4095 − sigmas·Noise, `sigmas` an f32 and every operation
   * rounded to f32.
   */
  saturation: kind<{ readonly stage: number; readonly sigmas: number }>({
    calibrations: () => ['Noise'],
    reads: ({ stage }) => [stage],
    first: ({ sigmas }) => formula(saturation(sigmas)),
  }),
}

function kind<P>(entry: PlaneKind<P>): PlaneKind<P> {
  return entry
}
