import type { ConstantSource } from '../../../constants/files/source.js'
import type { LoadReport } from '../../../constants/loading/load.js'
import type { Finishing } from '../../corrections/finishing.js'
import type { PlaneRecipe } from '../../corrections/planes.js'
import type { Detector } from '../../detectors/detector.js'
import type { Content } from '../../files/content.js'
import type { Assignment } from './assignment.js'
import type { BlockInput } from './block-input.js'
import type { BlockResult, BlockTask, ModuleCorrection, OfFile } from './block-task.js'
import { operation } from './operation.js'
import type { PhaseTimes } from './phase-times.js'

/** Corrects one block tile by tile: raw frames into the slot, through the corrector, out to the sinks. */
export const correctBlock = operation<BlockTask, BlockResult>('correctBlock')

/** Loads the constants of a strip of slow-scan rows into a lane; the slot's memory is scratch. */
export interface ConstantsTask extends Assignment {
  readonly detector: Detector
  readonly cells: readonly number[]
  readonly planes: readonly PlaneRecipe[]
  readonly constants: ReadonlyMap<string, ConstantSource>
  /** First row and the one behind the last. */
  readonly slowScan: readonly [number, number]
  readonly median?: number
}

export interface ConstantsResult {
  readonly report: LoadReport
  readonly times: Partial<PhaseTimes>
}

export const loadConstants = operation<ConstantsTask, ConstantsResult>('loadConstants')

/**
 * Looks at a strip of all images of a row of 32 cells of a file, for what has to be known of all of them before the first is
 * corrected. Results go to the lane's tables.
 */
export interface ReduceTask extends Assignment, ModuleCorrection {
  readonly finishing: Finishing
  readonly ofFile: OfFile
  /** The images' frames: sorted by cell, then by train. */
  readonly input: BlockInput
  readonly rows: Float64Array
  /** Positions of their cells among the lane's resident ones, and their numbers in the file. */
  readonly cells: Uint16Array
  readonly images: Float64Array
  /** Number of the row of cells among those that are resident. */
  readonly row: number
  /** First row of pixels and the one behind the last, a row of ASICs. */
  readonly slowScan: readonly [number, number]
  readonly fastScan: number
  /** Number of the lane's workspace that is this task's alone. */
  readonly workspace: number
}

export interface ReduceResult {
  readonly times: Partial<PhaseTimes>
}

export const reduce = operation<ReduceTask, ReduceResult>('reduce')

/** Planes `first …` of a pack of constants, to be moved between its file and a lane. */
export interface PackTask extends Assignment {
  readonly fd: number
  /** Byte of the file where the pack's first plane is. */
  readonly payload: number
  readonly planeBytes: number
  readonly first: number
  readonly count: number
}

export interface ReadPackTask extends PackTask {
  /** Four words for each of the planes. */
  readonly checksums: Uint32Array
}

export interface ReadPackResult {
  /** What is wrong with a plane; absent: all are sound. */
  readonly damage?: string
  readonly times: Partial<PhaseTimes>
}

export const readPack = operation<ReadPackTask, ReadPackResult>('readPack')

export interface WritePackResult {
  /** Four words for each of the planes. */
  readonly checksums: Uint32Array
  readonly times: Partial<PhaseTimes>
}

export const writePack = operation<PackTask, WritePackResult>('writePack')

/** Step `noisy-adc`: looks at the planes of masks of some resident cells, which are all there. */
export interface NoisyTask extends Assignment {
  readonly planes: readonly PlaneRecipe[]
  /** Positions of the first cell and the one behind the last. */
  readonly cells: readonly [number, number]
  readonly detector: Detector
}

export const markNoisyBlocks = operation<NoisyTask, void>('markNoisyBlocks')

/** Median of a module's finite SlopesFF, for `xray-gain`. */
export interface MedianTask {
  readonly thread: number
  readonly detector: Detector
  readonly source: ConstantSource
}

export const findMedian = operation<MedianTask, number>('findMedian')

/** Size and checksum of a file, by plain reads. */
export const contentOfFile = operation<{ readonly thread: number; readonly path: string }, Content>(
  'contentOfFile',
)

/** Nothing: the thread that answers has started. */
export const ready = operation<{ readonly thread: number }, void>('ready')
