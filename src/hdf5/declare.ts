import { arrayOf, type DType } from '../model/dtypes.js'
import { requireGroup } from './groups.js'
import type { Dataset, File, FileOptions } from './library.js'

/**
 * How files are created that `declareChunked` and the direct writer work on: every HDF5 since 1.8 reads them, and
 * chunk indices are version-1 B-trees.
 */
export const DECLARING = { libver: ['earliest', 'latest'] } as const satisfies FileOptions

/** What a chunked dataset is declared as. Shapes: slowest dimension first, in elements. */
export interface ChunkedDeclaration {
  /** The final shape. The first dimension may be 0: a dataset without frames. */
  readonly shape: readonly number[]
  readonly chunkShape: readonly number[]
  readonly dtype: DType
  /** Level 1 to 9: chunks are zlib streams. Absent: chunks are stored as they are. */
  readonly deflate?: number
  /** Leaves the first dimension without a maximum, as the DAQ's files do; else the final shape is the maximum. */
  readonly growable?: boolean
}

/** h5wasm's names: Python's `struct` letters. */
export const TYPE_NAMES: Readonly<Record<DType, string>> = {
  i1: '<b',
  u1: '<B',
  i2: '<h',
  u2: '<H',
  i4: '<i',
  u4: '<I',
  i8: '<q',
  u8: '<Q',
  f4: '<f',
  f8: '<d',
}

/**
 * Creates a dataset of the final shape without a single chunk, and the groups above it, in a file opened with
 * {@link DECLARING}. Its elements read as zero until the direct writer has added chunks and their index.
 */
export function declareChunked(file: File, path: string, declaration: ChunkedDeclaration): Dataset {
  const { shape, chunkShape, dtype, deflate, growable = false } = declaration
  if (shape.length === 0 || shape.length !== chunkShape.length) {
    throw new RangeError(`chunks [${chunkShape}] of a dataset of shape [${shape}]`)
  }
  const names = path.split('/').filter(name => name !== '')
  requireGroup(file, names.slice(0, -1).join('/'))
  // The library writes data on creation; created empty and grown, there is nothing to write.
  const dataset = file.create_dataset({
    name: names.join('/'),
    data: arrayOf(dtype, 0),
    dtype: TYPE_NAMES[dtype],
    shape: [0, ...shape.slice(1)],
    maxshape: growable ? [null, ...shape.slice(1)] : [...shape],
    chunks: [...chunkShape],
    ...(deflate === undefined ? {} : { compression: 'gzip' as const, compression_opts: deflate }),
  })
  dataset.resize([...shape])
  return dataset
}
