import type { WrittenFile } from '../../../constants/catalogue/import-request.js'
import type { StageEvaluation } from '../../../constants/dark/bad-pixels.js'
import type { StageDifference } from '../../../constants/dark/difference.js'
import type { DarkLimits } from '../../../constants/dark/limits.js'
import type { StagePreview } from '../../../constants/dark/preview.js'
import type { DarkRecipe } from '../../../constants/dark/recipe.js'
import type { ConstantSource } from '../../../constants/files/source.js'
import type { Detector } from '../../detectors/detector.js'
import type { Assignment } from '../contract/assignment.js'
import type { BlockInput } from '../contract/block-input.js'
import { operation } from '../contract/operation.js'

/** Some frames of one file: rows of image/data, addresses by row in `input` where frames are stored plainly. */
export interface FileFrames {
  readonly input: BlockInput
  readonly rows: Float64Array
}

/** What reading frames needs of a detector: the rest would be copied to a thread thousands of times. */
export type FrameShape = Pick<Detector, 'rawPlanes' | 'slowScan' | 'fastScan'>

interface DarkTask extends Assignment {
  readonly detector: Detector
  readonly recipe: DarkRecipe
  /** Cells of the module, 0 … cells − 1: the position in the lane is the cell id. */
  readonly cells: number
}

/** How the frames of a raw plane are read: strips of `height` rows, `atOnce` frames at a time. A median needs all at once. */
export interface PlaneReading {
  readonly plane: number
  readonly height: number
  readonly atOnce: number
}

/**
 * Reads rows of slow scan of all frames of one (cell, stage) into a slot, plane after plane and strip after strip; the
 * statistics of the samples go to the lane's planes.
 */
export interface StatisticsTask extends Assignment {
  readonly detector: FrameShape
  readonly recipe: DarkRecipe
  readonly cell: number
  readonly stage: number
  readonly planes: readonly PlaneReading[]
  /** First row and the one behind the last. */
  readonly slowScan: readonly [number, number]
  readonly frames: readonly FileFrames[]
}

/** Writes the bad-pixel planes of one cell, once its statistics are complete. */
export interface EvaluateTask extends DarkTask {
  readonly cell: number
  /** Frames that each stage has of the cell. */
  readonly frames: readonly number[]
  readonly limits: DarkLimits
}

/** Fills the file of a module's constants, which is declared. It is not flushed. */
export interface WriteTask extends DarkTask {
  readonly pdu: string
  readonly path: string
}

/** Maps and histograms of one stage. */
export interface PreviewTask extends DarkTask {
  readonly stage: number
}

/** Holds a module's planes against the constants it had before. */
export interface DifferenceTask extends DarkTask {
  readonly previous: ReadonlyMap<string, ConstantSource>
}

// Every operation of a dark characterisation works on a lane whose planes are those of the recipe.
export const darkStatistics = operation<StatisticsTask, void>('darkStatistics')
export const darkEvaluate = operation<EvaluateTask, readonly StageEvaluation[]>('darkEvaluate')
export const darkWrite = operation<WriteTask, Pick<WrittenFile, 'content' | 'checksums'>>('darkWrite')
export const darkPreview = operation<PreviewTask, StagePreview>('darkPreview')
export const darkDifference = operation<DifferenceTask, readonly StageDifference[]>('darkDifference')
