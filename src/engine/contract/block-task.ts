import type { Finishing } from '../../corrections/finishing.js'
import type { ChunkTarget } from '../../sinks/image/image-file.js'
import type { Assignment } from './assignment.js'
import type { BlockInput } from './block-input.js'
import type { DerivedFrames, DerivedRequest } from './derived.js'
import type { ArraysOut } from './module-arrays.js'
import type { PhaseTimes } from './phase-times.js'
import type { PixelCounts } from './pixel-counts.js'
import type { ReductionTables } from './reduction-tables.js'

/** What a block's correction must know of its module. */
export interface ModuleCorrection {
  readonly module: number
  /** Name of the correction kernel. */
  readonly kernel: string
  /** Planes of constants of a cell. */
  readonly planes: number
  /** The first plane of masks among them; absent: departures cannot be listed. */
  readonly maskPlane?: number
  /** Raw frames that one frame is made of. */
  readonly rawFrames: number
  /** Steps that need whole images or files. */
  readonly finishing?: Finishing
  /** What was found of the file that the frames are of; absent: frames stand for themselves. */
  readonly ofFile?: OfFile
}

/** What is known of a file whose images were looked at before they are corrected, beside the tables in the lane. */
export interface OfFile {
  /** By resident cell: number of its row of 32 cells among those that are resident. */
  readonly rows: Uint16Array
  readonly tables: ReductionTables
}

/**
 * How a block's raw frames come into its slot: a thread reads them from a file tile by tile, or the source has put all of
 * them there already, raw frame i of frame k at `(k · rawFrames + i)` raw frames from the start.
 */
export type FramesIn =
  /** `rows`: all raw frames of the first frame, then those of the second, …: rows of the input's image/data. */
  | { readonly kind: 'file'; readonly input: BlockInput; readonly rows: Float64Array }
  | { readonly kind: 'slot' }

/**
 * What becomes of a block's results: data, gain and mask are written as chunks of some files, tile by tile; or they are
 * copied into arrays that several modules share, some frames at a time; or they stay in the slot as planes, those of frame k
 * at position k.
 */
export type FramesOut =
  | { readonly kind: 'chunks'; readonly files: readonly ChunkFile[]; readonly derived?: DerivedRequest }
  | ArraysOut
  | { readonly kind: 'slot' }

/** A file that gets a block's frames, and the chunk number of each there. */
export interface ChunkFile {
  readonly target: ChunkTarget
  readonly indices: Float64Array
}

export interface BlockTask extends Assignment, ModuleCorrection {
  /** Position of each frame's cell among the lane's resident cells (not a cell id). */
  readonly cells: Uint16Array
  /** Number of each frame in its file; absent: there is no file. */
  readonly images?: Float64Array
  readonly input: FramesIn
  readonly output: FramesOut
}

/** Where the deflated chunks of one dataset went, by chunk number. */
export interface DeflatedChunks {
  readonly indices: Float64Array
  readonly addresses: Float64Array
  readonly sizes: Float64Array
}

export interface FileChunks {
  /** Of data that are deflated. */
  readonly data?: DeflatedChunks
  readonly gain: DeflatedChunks
  readonly mask: DeflatedChunks
}

export interface BlockResult {
  /** Of each file of the output, in its order; empty where results go elsewhere. */
  readonly chunks: readonly FileChunks[]
  /** What was asked for beside the frames. */
  readonly derived?: DerivedFrames
  /** How many of its frames were corrected on a device. */
  readonly onDevice: number
  /** Why a corrector gave up and another did its work, one reason each. */
  readonly handedOver: readonly string[]
  /** Of all frames whose results went to files. */
  readonly pixels: PixelCounts
  /** Baseline shift of each frame, ADU, where there is such a step. */
  readonly shifts?: Float32Array
  readonly times: Partial<PhaseTimes>
}
