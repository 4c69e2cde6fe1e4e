import type { DType } from '../../model/dtypes.js'

/** One filter of a dataset's pipeline, in the order in which the writer applied them. */
export type Filter =
  | { readonly kind: 'deflate' }
  | { readonly kind: 'shuffle'; readonly elementBytes: number }
  | { readonly kind: 'fletcher32' }
  | { readonly kind: 'lzf' }

/** All elements in one piece at byte `address` of the file; −1: never written, all elements are the fill value. */
export interface ContiguousStorage {
  readonly kind: 'contiguous'
  readonly address: number
}

/** All elements within the object header: a copy. */
export interface CompactStorage {
  readonly kind: 'compact'
  readonly data: Uint8Array
}

/**
 * Elements in chunks. The three arrays are indexed by the row-major number of the chunk in the grid of
 * `ceil(shape / chunkShape)` chunks.
 */
export interface ChunkedStorage {
  readonly kind: 'chunked'
  readonly chunkShape: readonly number[]
  readonly filters: readonly Filter[]
  /** Byte address in the file; −1: not allocated, its elements are the fill value. */
  readonly addresses: Float64Array
  /** Bytes in the file. */
  readonly sizes: Uint32Array
  /** Bit i set: filter i was skipped for this chunk. */
  readonly filterMasks: Uint32Array
}

/**
 * Elements that lie in other files, or in other datasets of the same: virtual datasets, external links, external
 * storage. What no piece covers is the fill value.
 */
export interface ElsewhereStorage {
  readonly kind: 'elsewhere'
  /** Where pieces overlap, the later one holds. */
  readonly pieces: readonly Piece[]
}

/** A box of a dataset whose elements are a box of another one, in the same C order. */
export interface Piece {
  /** Path of the file they lie in; its size and mtime when it was looked at. */
  readonly file: string
  readonly size: number
  readonly mtimeMs: number
  readonly located: LocatedElements
  /** First element in the dataset, and elements along each of its dimensions. */
  readonly target: readonly number[]
  readonly count: readonly number[]
  /** First element in the source; `axes`: which dimension of the dataset each of the source's is, −1: none, it is of one element. */
  readonly source: readonly number[]
  readonly axes: readonly number[]
}

export type Storage = ContiguousStorage | CompactStorage | ChunkedStorage | ElsewhereStorage

/** A dataset and where in its file its elements lie. Plain data: it survives `postMessage`. */
export interface LocatedDataset extends LocatedElements {
  readonly dtype: DType
}

/** The same, whatever its elements are. */
export interface LocatedElements {
  /** The path that was asked for, for messages. */
  readonly path: string
  /** Slowest dimension first. Empty: a scalar. */
  readonly shape: readonly number[]
  /** Infinity: unlimited. Equal to `shape` where the file names none. */
  readonly maxShape: readonly number[]
  /** Bytes of one element. */
  readonly elementBytes: number
  readonly storage: Storage
  /** One element, little-endian; absent: zero. */
  readonly fillValue?: Uint8Array
}
