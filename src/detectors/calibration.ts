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
  /**
   * Order of the axes of a constant without `dims`, slowest first, `plane` being the last axis: which of the pixel axes
   * comes first where a module is square, since its shape cannot show it. The assumption is reported.
   */
  readonly assumed?: AxisOrder
  /** Further axis orders in which constants without `dims` are stored, besides those common to all calibrations. */
  readonly orders?: readonly AxisOrder[]
}

export type AxisName = 'fast_scan' | 'slow_scan' | 'cell' | 'plane'

/** Axes slowest first; a constant without the last axis has the order without `plane`. */
export type AxisOrder = readonly AxisName[]

/** An operating condition, by CalCat's name. */
export interface Parameter {
  readonly name: string
  /** Groups of calibrations that depend on it. */
  readonly groups: readonly ConditionGroup[]
  /** At this value the parameter is left out of CalCat queries: it is the default, which old constants do not state. */
  readonly omittedAt?: number
  /** Fixed by the detector: the same in every run. */
  readonly ofDetector?: true
}

/** Depended on by all calibrations. */
export const ALL_GROUPS: readonly ConditionGroup[] = ['base', 'dark', 'gain', 'illuminated']

/** The last axis of constants that have a plane for each of three gain stages. */
export const BY_GAIN = { planeAxis: 'gain', meaning: 'gain stages high, medium, low' } as const
