import type { Hdf5Dataset } from '../hdf5/index.js'
import { arrayOf, DTYPE_BYTES, type DType, type TypedArrayOf } from '../model/dtypes.js'
import { DataError } from '../model/errors.js'

/** Rows of a dataset copied into memory: `data` in C order, `shape[0]` being the number of rows. */
export interface CopiedRows {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TypedArrayOf<DType>
}

/** Bytes that the copied rows of one small dataset may have: more is not what this is for. */
const LIMIT = 256 * 1024 ** 2

/**
 * Copies `rows` of a small dataset (header, trailer, ids), reading runs of neighbours at once.
 * @throws DataError for other types than plain numbers, rows beyond its end, or more than 256 MiB.
 */
export function copyRows(dataset: Hdf5Dataset, rows: readonly number[]): CopiedRows {
  const { path, type, shape } = dataset
  const place = { dataset: path }
  const { dtype } = type
  if (dtype === undefined) throw new DataError(`has dtype ${type.name}, which cannot be copied`, { place })
  const rest = shape.slice(1)
  const rowLength = rest.reduce((a, b) => a * b, 1)
  const rowBytes = rowLength * DTYPE_BYTES[dtype]
  const bytes = rows.length * rowBytes
  if (bytes > LIMIT) throw new DataError(`holds ${bytes} bytes, too many to be copied`, { place })
  const beyond = rows.find(row => row >= (shape[0] ?? 0))
  if (beyond !== undefined) {
    throw new DataError(`has ${shape[0] ?? 0} rows, row ${beyond} is needed`, {
      place,
      hint: 'The file is truncated or still being copied: wait or copy it again',
    })
  }
  const data = arrayOf(dtype, rows.length * rowLength)
  const target = new Uint8Array(data.buffer)
  for (let at = 0; at < rows.length; ) {
    const first = rows[at] ?? 0
    let run = 1
    while (rows[at + run] === first + run) run++
    const out = target.subarray(at * rowBytes, (at + run) * rowBytes)
    dataset.slab([first, ...rest.map(() => 0)], [run, ...rest], out)
    at += run
  }
  return { dtype, shape: [rows.length, ...rest], data }
}
