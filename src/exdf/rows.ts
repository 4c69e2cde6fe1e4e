import type { ReadableDataset } from '../hdf5/readable.js'
import { dtypeOf } from '../hdf5/values.js'
import { arrayOf, type DType, type TypedArrayOf } from '../model/dtypes.js'
import { DataError } from '../model/errors.js'

/** Rows of a dataset copied into memory: `data` in C order, `shape[0]` being the number of rows. */
export interface CopiedRows {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TypedArrayOf<DType>
}

/** Bytes that the copied rows of one small dataset may have: more is not what this is for. */
const LIMIT = 256 * 1024 ** 2
const DTYPES: ReadonlySet<string> = new Set(['i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f4', 'f8'])

/**
 * Copies `rows` of a small dataset (header, trailer, ids), reading runs of neighbours at once.
 * @throws DataError for other types than plain numbers, rows beyond its end, or more than 256 MiB.
 */
export function copyRows(dataset: ReadableDataset, rows: readonly number[]): CopiedRows {
  const place = { dataset: dataset.path.replace(/^\//, '') }
  const dtype = dtypeOf(dataset)
  if (!DTYPES.has(dtype)) throw new DataError(`has dtype ${dtype}, which cannot be copied`, { place })
  const shape = dataset.shape ?? []
  const rest = shape.slice(1)
  const rowLength = rest.reduce((a, b) => a * b, 1)
  const bytes = rows.length * rowLength * dataset.metadata.size
  if (bytes > LIMIT) throw new DataError(`holds ${bytes} bytes, too many to be copied`, { place })
  const beyond = rows.find(row => row >= (shape[0] ?? 0))
  if (beyond !== undefined) {
    throw new DataError(`has ${shape[0] ?? 0} rows, row ${beyond} is needed`, {
      place,
      hint: 'The file is truncated or still being copied: wait or copy it again',
    })
  }
  const data = arrayOf(dtype as DType, rows.length * rowLength)
  for (let at = 0; at < rows.length; ) {
    const first = rows[at] ?? 0
    let run = 1
    while (rows[at + run] === first + run) run++
    const piece = dataset.slice([
      [first, first + run],
      ...rest.map((length): [number, number] => [0, length]),
    ])
    // Both are arrays of the dataset's dtype: the library makes the same choice for it as `arrayOf`.
    ;(data as Uint8Array).set(piece as Uint8Array, at * rowLength)
    at += run
  }
  return { dtype: dtype as DType, shape: [rows.length, ...rest], data }
}
