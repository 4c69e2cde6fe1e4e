import type { DType, TypedArrayOf } from '../model/dtypes.js'
import type { ElementType } from './element-type.js'

/**
 * An open HDF5 file, whoever reads it. Objects are named by their paths; soft and external links are followed.
 * @throws DataError naming file and dataset, from every method and from the datasets, if something is there that cannot
 * be read.
 */
export interface Hdf5File {
  /** Undefined: nothing is there, or something else, or nothing that makes sense. */
  dataset(path: string): Hdf5Dataset | undefined
  /** The members of a group, by name; undefined: there is no such group. */
  names(path: string): readonly string[] | undefined
  /** Whether a group is there. In contrast to the others it throws where a damaged object is. */
  isGroup(path: string): boolean
  /** Where the soft link at `path` leads; undefined: there is none. */
  softLink(path: string): string | undefined
  /** The file that an external link on the way to `path` leads to; undefined: there is none on it. */
  externalLink(path: string): string | undefined
  /** An attribute of a group or dataset: a number, a text, or a list of them; undefined: there is none. */
  attribute(path: string, name: string): unknown
  /** All attributes of a group or dataset, by name: element type, shape and value, as text that tells any two apart. */
  attributes(path: string): ReadonlyMap<string, string>
}

/** A dataset of an open file. Slabs are `count` elements along each axis from `start`, in C order. */
export interface Hdf5Dataset {
  /** Without a slash in front, as messages name it. */
  readonly path: string
  readonly type: ElementType
  /** Slowest axis first; empty: a scalar, or no elements at all. */
  readonly shape: readonly number[]
  /** Number of elements. */
  readonly length: number
  /** Shape of its chunks; undefined: it has none. */
  readonly chunks: readonly number[] | undefined
  /** The numbers of a slab; those of a type that is not ours as what comes nearest. */
  read(start: readonly number[], count: readonly number[]): TypedArrayOf<DType>
  /** Reads the bytes of a slab into `out`, little-endian. */
  slab(start: readonly number[], count: readonly number[], out: Uint8Array): void
  /** All its strings; `''` where one was never written. */
  strings(): string[]
}
