import type { Detector } from '../src/detectors/detector.js'

/** Groups of operating conditions: which of them a calibration depends on. */
export type ConditionGroup = 'base' | 'dark' | 'gain' | 'illuminated'

/** A kind of calibration constant of a detector. */
export interface Calibration {
  /** CalCat's name, also the HDF5 group of the constant. */
  readonly name: string
  /** `float`: physical numbers, rounded to f32 on loading. `bits`: bad-pixel masks, u32. */
  readonly kind: 'float' | 'bits'
  readonly conditions: ConditionGroup
  /** Lengths the last axis may have; empty: any. */
  readonly planes: readonly number[]
  /** A constant without the last axis is accepted: its one plane serves every gain stage. */
  readonly flat?: true
  /** Name of the last axis in `dims`. */
  readonly planeAxis: 'gain' | 'threshold' | 'parameter'
  /** What the planes of the last axis mean. */
  readonly meaning: string
}

const STAGES = { planeAxis: 'gain', meaning: 'gain stages high, medium, low' } as const

const AGIPD: readonly Calibration[] = [
  { name: 'Offset', kind: 'float', conditions: 'dark', planes: [3], ...STAGES },
  { name: 'Noise', kind: 'float', conditions: 'dark', planes: [3], ...STAGES },
  {
    name: 'ThresholdsDark',
    kind: 'float',
    conditions: 'dark',
    planes: [5, 2],
    planeAxis: 'threshold',
    meaning: 'thresholds high to medium, medium to low; mean raw gain of high, medium, low',
  },
  { name: 'BadPixelsDark', kind: 'bits', conditions: 'dark', planes: [3], ...STAGES },
  {
    name: 'SlopesPC',
    kind: 'float',
    conditions: 'gain',
    planes: [10, 11],
    planeAxis: 'parameter',
    meaning: 'pulse capacitor: slope and intercept of high (0, 1) and of medium (3, 4); others are not read',
  },
  { name: 'BadPixelsPC', kind: 'bits', conditions: 'gain', planes: [3], flat: true, ...STAGES },
  {
    name: 'SlopesFF',
    kind: 'float',
    conditions: 'illuminated',
    planes: [2, 1],
    flat: true,
    planeAxis: 'parameter',
    meaning: 'flat field: slope; intercept, which is not read',
  },
  { name: 'BadPixelsFF', kind: 'bits', conditions: 'illuminated', planes: [3, 1], flat: true, ...STAGES },
  { name: 'RelativeGain', kind: 'float', conditions: 'gain', planes: [3], ...STAGES },
  {
    name: 'SlopesCS',
    kind: 'float',
    conditions: 'base',
    planes: [],
    planeAxis: 'parameter',
    meaning: 'current source; not read',
  },
  { name: 'BadPixelsCS', kind: 'bits', conditions: 'base', planes: [3], flat: true, ...STAGES },
]

/** Calibrations by detector. A detector without an entry does not compile. */
export const CALIBRATIONS: Readonly<Record<Detector['id'], readonly Calibration[]>> = { agipd1m: AGIPD }

/** The calibration of a detector called `name`, or undefined. */
export function calibrationOf(detector: Detector, name: string): Calibration | undefined {
  return CALIBRATIONS[detector.id].find(calibration => calibration.name === name)
}
