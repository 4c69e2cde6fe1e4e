import type { Calibration, Parameter } from './calibration.js'

/**
 * What the engine needs to know about a detector: plain data, so that it can be posted to a thread. No code branches on
 * which detector it is.
 */
export interface Detector {
  /** Name on the command line: `agipd1m`. */
  readonly id: string
  /** Name for people. */
  readonly name: string
  /** Number of modules, at least 1; they are numbered from 0. */
  readonly moduleCount: number
  /** Rows of a module (slow scan). Image order is `[slow scan][fast scan]`. */
  readonly slowScan: number
  /** Columns of a module (fast scan, contiguous). */
  readonly fastScan: number
  /** u16 planes of a raw frame, `image/data` being `[frame][plane][slow scan][fast scan]`. AGIPD: analogue, raw gain. */
  readonly rawPlanes: number
  /** Gain stages, 0 high … stages − 1 low. */
  readonly stages: number
  /** There are modes that fix all pixels in one gain stage; the frames do not show which. */
  readonly fixedGain: boolean
  /**
   * Raw frames of one pulse in parallel-gain mode, one for each gain stage: a train's frames are those of stage high,
   * then those of medium, then those of low, and only the ids of the first part are valid. Absent: there is no such mode.
   */
  readonly parallelFrames?: number
  /** Matches a raw source and names `karaboId` and `module`: `SPB_DET_AGIPD1M-1/DET/3CH0:xtdf`. */
  readonly rawSource: RegExp
  /** Matches a corrected source: `SPB_DET_AGIPD1M-1/CORR/3CH0:output`. */
  readonly correctedSource: RegExp
  /** Data aggregator without the module's two digits: `AGIPD` of `AGIPD00`. */
  readonly aggregator: string
  /** Karabo name of the instance that simulated runs and defaults use. */
  readonly karaboId: string
  /** Detector type in CalCat's paths: `xfel/cal/agipd-type/…`. */
  readonly type: string
  /** Most memory cells; cell ids are below it. */
  readonly maxCells: number
  /** Numbers of cells that operating conditions round up to. */
  readonly cellOptions: readonly number[]
  /** Bytes of `detector/data` a train. */
  readonly detectorDataBytes: number
  /** The constants it may have. */
  readonly calibrations: readonly Calibration[]
  /** The operating conditions they depend on. */
  readonly parameters: readonly Parameter[]
}

/** Pixels of a module. */
export function pixelsOf(detector: Pick<Detector, 'slowScan' | 'fastScan'>): number {
  return detector.slowScan * detector.fastScan
}

/** Bytes of one raw frame of one module. */
export function rawFrameBytes(detector: Pick<Detector, 'slowScan' | 'fastScan' | 'rawPlanes'>): number {
  return detector.rawPlanes * pixelsOf(detector) * 2
}
