import type { DType } from '../../model/dtypes.js'

/** One filter of a dataset's pipeline, in the order in which the writer applied them. */
export type Filter =
  | { readonly kind: 'deflate' }
  | { readonly kind: 'shuffle'; readonly elementBytes: number }
  | { readonly kind: 'fletcher32' }

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

export type Storage = ContiguousStorage | CompactStorage | ChunkedStorage

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
