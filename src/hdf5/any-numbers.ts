import { DataError } from '../model/errors.js'
import { Unsupported } from './direct/index.js'
import { named } from './library.js'
import type { ReadableDataset } from './readable.js'
import { dtypeOf, readNumbers } from './values.js'

/** HDF5's classes of element types, by number. */
const CLASSES = [
  'integers',
  'floats',
  'times',
  'text',
  'bit fields',
  'opaque bytes',
  'compounds',
  'references',
  'enumerations',
  'lists of varying length',
  'arrays',
] as const

/**
 * As {@link readNumbers}, in either byte order, and of enumerations, which are what h5py makes of booleans.
 * @throws DataError for other classes, sizes and shapes.
 */
export function readAnyNumbers(dataset: ReadableDataset, rows: number): Float64Array {
  const place = { dataset: dataset.path.replace(/^\//, '') }
  const found = CLASSES[dataset.metadata.type] ?? 'something unknown'
  const isBigEndian = dtypeOf(dataset).startsWith('>')
  if (found !== 'enumerations' && found !== 'integers' && found !== 'floats')
    throw new DataError(`holds ${found}, not numbers`, { place })
  if (found !== 'enumerations' && !isBigEndian) return readNumbers(dataset, rows)
  const shape = dataset.shape ?? []
  if (shape.length !== 1 || rows > (shape[0] ?? 0))
    throw new DataError(`has shape (${shape.join(', ')}), expected one value for each of ${rows} rows`, {
      place,
    })
  // The library brings either into this machine's order; the direct reader refuses, so that the library is asked.
  const values = dataset.slice([[0, rows]]) as ArrayLike<number | bigint>
  return Float64Array.from({ length: rows }, (_, row) => Number(values[row]))
}

/**
 * What `read` gives, or why it cannot be read: one dataset of many, the others of which can be. `path` is the open file.
 * @throws what says that the file has to be read in another way, or not at all.
 */
export function readOrReason<T>(path: string, read: () => T): T | DataError {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unsupported || error instanceof WebAssembly.RuntimeError) throw error
    return reasonOf(path, error)
  }
}

function reasonOf(path: string, error: unknown): DataError {
  try {
    return named(path, 'r', (): never => {
      throw error
    })
  } catch (explained) {
    if (explained instanceof DataError) return explained
    throw explained
  }
}
