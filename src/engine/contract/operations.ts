import type { ConstantSource } from '../../../constants/files/source.js'
import type { LoadReport } from '../../../constants/loading/load.js'
import type { PlaneRecipe } from '../../corrections/planes.js'
import type { Detector } from '../../detectors/detector.js'
import type { Content } from '../../files/content.js'
import type { Assignment } from './assignment.js'
import type { BlockResult, BlockTask } from './block-task.js'
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
