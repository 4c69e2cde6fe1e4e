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
  /** What the planes of the last axis mean. */
  readonly meaning: string
}

const STAGES = 'gain stage: high, medium, low'

const AGIPD: readonly Calibration[] = [
  { name: 'Offset', kind: 'float', conditions: 'dark', planes: [3], meaning: STAGES },
  { name: 'Noise', kind: 'float', conditions: 'dark', planes: [3], meaning: STAGES },
  {
    name: 'ThresholdsDark',
    kind: 'float',
    conditions: 'dark',
    planes: [5, 2],
    meaning: 'threshold high/medium, medium/low; mean raw gain of high, medium, low',
  },
  { name: 'BadPixelsDark', kind: 'bits', conditions: 'dark', planes: [3], meaning: STAGES },
  {
    name: 'SlopesPC',
    kind: 'float',
    conditions: 'gain',
    planes: [10, 11],
    meaning:
      'pulse capacitor: 0 slope high, 1 intercept high, 3 slope medium, 4 intercept medium; others not read',
  },
  { name: 'BadPixelsPC', kind: 'bits', conditions: 'gain', planes: [3], flat: true, meaning: STAGES },
  {
    name: 'SlopesFF',
    kind: 'float',
    conditions: 'illuminated',
    planes: [2, 1],
    flat: true,
    meaning: 'flat field: 0 slope, 1 intercept (not read)',
  },
  { name: 'BadPixelsFF', kind: 'bits', conditions: 'illuminated', planes: [3, 1], flat: true, meaning: STAGES },
  { name: 'RelativeGain', kind: 'float', conditions: 'gain', planes: [3], meaning: STAGES },
  { name: 'SlopesCS', kind: 'float', conditions: 'base', planes: [], meaning: 'current source, not read' },
  { name: 'BadPixelsCS', kind: 'bits', conditions: 'base', planes: [3], flat: true, meaning: STAGES },
]

/** Calibrations by detector. A detector without an entry does not compile. */
export const CALIBRATIONS: Readonly<Record<Detector['id'], readonly Calibration[]>> = { agipd1m: AGIPD }

/** The calibration of a detector called `name`, or undefined. */
export function calibrationOf(detector: Detector, name: string): Calibration | undefined {
  return CALIBRATIONS[detector.id].find(calibration => calibration.name === name)
}
