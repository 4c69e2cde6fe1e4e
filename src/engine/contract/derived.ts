import type { WrittenChunks } from '../../hdf5/create/write-chunks.js'
import type { ChunkTarget } from '../../sinks/image/image-file.js'

/** What is made of corrected frames beside themselves, in the same pass. Absent parts are not made. */
export interface DerivedRequest {
  /** Count lit pixels: those that are not masked and above this value. */
  readonly litThreshold?: number
  /** List pixels that are not zero, and those whose gain or mask depart from their cell's. */
  readonly sparse?: SparseRequest
}

/** Where lists go until the file's frames are all there, and the masks of which cells are not in the file yet. */
export interface SparseRequest {
  /** Gets the lists of each frame, one record a frame, at a place reserved by the word `end`. */
  readonly spool: { readonly path: string; readonly fd: number; readonly end: SharedArrayBuffer }
  /** The file that the cells' masks are appended to. */
  readonly file: ChunkTarget
  /** By resident cell: the chunk number of its mask there; −1: it is there, or not wanted. */
  readonly masks: Int32Array
}

/** What was made of the frames of a block, in its order. */
export interface DerivedFrames {
  readonly litPixels?: LitPixels
  readonly sparse?: SparseFrames
}

/** The lists of each frame. */
export interface SparseFrames {
  /** Pixels that are not zero. */
  readonly pixels: Uint32Array
  /** Pixels whose gain or mask depart. */
  readonly departures: Uint32Array
  /** Byte of the spool where the record is, its lists as {@link sparseLists} orders them. */
  readonly addresses: Float64Array
  /** Masks of cells that were appended. */
  readonly masks: WrittenChunks
}

/** A list in the record of a frame: of pixels that are not zero, or of departures. */
export interface SparseList {
  readonly name: string
  readonly of: 'pixels' | 'departures'
  readonly dtype: 'u1' | 'u2' | 'u4' | 'f4'
}

/** What holds the number of one of so many pixels. */
export function indexType(pixels: number): 'u2' | 'u4' {
  return pixels <= 2 ** 16 ? 'u2' : 'u4'
}

/** The lists of a record, one behind the other, of modules with so many pixels. */
export function sparseLists(pixels: number): readonly SparseList[] {
  const index = indexType(pixels)
  return [
    { name: 'pixel/value', of: 'pixels', dtype: 'f4' },
    { name: 'departure/mask', of: 'departures', dtype: 'u4' },
    { name: 'pixel/index', of: 'pixels', dtype: index },
    { name: 'departure/index', of: 'departures', dtype: index },
    { name: 'departure/gain', of: 'departures', dtype: 'u1' },
  ]
}

/** Pixels of each frame. */
export interface LitPixels {
  /** Pixels without a bad-pixel bit. */
  readonly unmasked: Uint32Array
  /** Of these, those above the threshold. */
  readonly lit: Uint32Array
  /** Sum of the values of the lit ones. */
  readonly total: Float64Array
}

/** All zero, for `frames` frames. */
export function noLitPixels(frames: number): LitPixels {
  return {
    unmasked: new Uint32Array(frames),
    lit: new Uint32Array(frames),
    total: new Float64Array(frames),
  }
}
