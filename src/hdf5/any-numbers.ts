import { DataError } from '../model/errors.js'
import type { Hdf5Dataset } from './file.js'
import { LibraryBreakdown } from './library.js'
import { readNumbers } from './values.js'

/**
 * As {@link readNumbers}, in either byte order, and of enumerations, which are what h5py makes of booleans.
 * @throws DataError for other classes, sizes and shapes.
 */
export function readAnyNumbers(dataset: Hdf5Dataset, rows: number): Float64Array {
  const { path, type, shape } = dataset
  const place = { dataset: path }
  if (type.kind !== 'enumerations' && type.kind !== 'integers' && type.kind !== 'floats')
    throw new DataError(`holds ${type.kind}, not numbers`, { place })
  if (type.kind !== 'enumerations' && !type.name.startsWith('>')) return readNumbers(dataset, rows)
  if (shape.length !== 1 || rows > (shape[0] ?? 0))
    throw new DataError(`has shape (${shape.join(', ')}), expected one value for each of ${rows} rows`, {
      place,
    })
  // The library brings either into this machine's order; the direct reader refuses, so that the library is asked.
  const values: ArrayLike<number | bigint> = dataset.read([0], [rows])
  return Float64Array.from({ length: rows }, (_, row) => Number(values[row]))
}

/**
 * What `read` gives, or why it cannot be read: one dataset of many, the others of which can be.
 * @throws what says that the file has to be read in another way, or not at all.
 */
export function readOrReason<T>(read: () => T): T | DataError {
  try {
    return read()
  } catch (error) {
    if (error instanceof DataError && !(error instanceof LibraryBreakdown)) return error
    throw error
  }
}
