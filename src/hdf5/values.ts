import { DataError } from '../model/errors.js'
import type { Hdf5Dataset, Hdf5File } from './file.js'

/**
 * Small datasets read safely: presence, dtype, rank and size are checked before a byte is allocated, because
 * a damaged header can declare any size. Errors name the dataset; `readExdf` adds the file.
 */

/** Rows that one read takes at most; the library allocates them twice. */
const STEP = 1 << 20
/** Bytes of text that a list of names may have. */
const TEXT_LIMIT = 16 << 20

/** @throws DataError if there is no such dataset. */
export function requireDataset(file: Hdf5File, path: string): Hdf5Dataset {
  const dataset = file.dataset(path)
  if (!dataset)
    throw new DataError('this dataset is missing', {
      place: { dataset: path },
      hint: 'Check that the file is complete, or leave it out of the run folder',
    })
  return dataset
}

/** Objects that a walk looks at, and how deep: links can make any tree endless. */
const WALK_LIMIT = 100_000
const WALK_DEPTH = 16

/** Paths of all datasets below a group. @throws DataError if there are absurdly many. */
export function datasetsBelow(file: Hdf5File, path: string): string[] {
  const found: string[] = []
  let visited = 0
  const walk = (group: string, depth: number): void => {
    for (const name of file.names(group) ?? []) {
      if (++visited > WALK_LIMIT || depth > WALK_DEPTH)
        throw new DataError('holds too many objects, or links in a circle', { place: { dataset: path } })
      const child = `${group}/${name}`
      if (file.dataset(child)) found.push(child)
      else walk(child, depth + 1)
    }
  }
  walk(path, 0)
  return found
}

/** Rows of a dataset: its first dimension; 0 for a scalar or an empty one. */
export function rowsOf(dataset: Hdf5Dataset): number {
  return dataset.shape[0] ?? 0
}

/**
 * The first `rows` numbers of a dataset of one value a row, shape (N,) or (N, 1). u64 above 2^53 come
 * rounded: what is an id, a row or a count is read by {@link readExact}.
 * @throws DataError for another shape or dtype, or fewer rows.
 */
export function readNumbers(dataset: Hdf5Dataset, rows: number): Float64Array {
  return readExact(dataset, rows).numbers
}

/** One number a row, to the last digit. */
export interface ExactNumbers {
  /** Exact wherever it is a safe integer; else rounded, not whole, or no number. */
  readonly numbers: Float64Array
  /** By row, the integers that a double cannot hold: none in sound files. */
  readonly wide: ReadonlyMap<number, bigint>
}

/** As {@link readNumbers}, with the integers of 64 bits that are beyond 2^53. */
export function readExact(dataset: Hdf5Dataset, rows: number): ExactNumbers {
  const numbers = new Float64Array(checkedRows(dataset, rows))
  const wide = new Map<number, bigint>()
  forEachPiece(dataset, rows, (piece, start) => {
    for (let i = 0; i < piece.length; i++) {
      const value = piece[i] ?? 0
      const number = Number(value)
      numbers[start + i] = number
      if (typeof value === 'bigint' && !Number.isSafeInteger(number)) wide.set(start + i, value)
    }
  })
  return { numbers, wide }
}

/** The integer of a row, undefined where the file has NaN, an infinity or a fraction. */
export function integerAt({ numbers, wide }: ExactNumbers, row: number): bigint | undefined {
  const number = numbers[row] ?? 0
  return wide.get(row) ?? (Number.isInteger(number) ? BigInt(number) : undefined)
}

/** The number of a row as the file has it, all digits. */
export function digitsOf(column: ExactNumbers, row: number): string {
  return String(integerAt(column, row) ?? column.numbers[row])
}

/** As {@link readNumbers}, for 64-bit integers that numbers cannot hold: times in nanoseconds. */
export function readBigInts(dataset: Hdf5Dataset, rows: number): BigUint64Array {
  const out = new BigUint64Array(checkedRows(dataset, rows))
  forEachPiece(dataset, rows, (piece, start) => {
    for (let i = 0; i < piece.length; i++) {
      const value = piece[i] ?? 0
      out[start + i] =
        typeof value === 'bigint' ? value : BigInt(Number.isFinite(value) ? Math.trunc(value) : 0)
    }
  })
  return out
}

function checkedRows({ path, type, shape }: Hdf5Dataset, rows: number): number {
  const place = { dataset: path }
  if (type.dtype === undefined)
    throw new DataError(`has dtype ${type.name}, not little-endian numbers`, { place })
  const [length = 0, ...inner] = shape
  if (shape.length === 0 || inner.some(length => length !== 1))
    throw new DataError(`has shape (${shape.join(', ')}), expected one value a row`, { place })
  if (length < rows)
    throw new DataError(`has ${length} rows, ${rows} are needed`, {
      place,
      hint: 'The file is truncated or still being copied: wait or copy it again',
    })
  return rows
}

function forEachPiece(
  dataset: Hdf5Dataset,
  rows: number,
  use: (piece: ArrayLike<number | bigint>, start: number) => void,
): void {
  const inner = dataset.shape.slice(1)
  for (let start = 0; start < rows; start += STEP) {
    const count = Math.min(rows - start, STEP)
    use(dataset.read([start, ...inner.map(() => 0)], [count, ...inner]), start)
  }
}

/**
 * All strings of a dataset, scalar or one-dimensional, fixed-length or variable-length, without spaces at the end.
 * @throws DataError if these are not strings or absurdly many.
 */
export function readStrings(dataset: Hdf5Dataset): string[] {
  const { path, type, length } = dataset
  const place = { dataset: path }
  if (type.kind !== 'text') throw new DataError('does not hold strings', { place })
  if (length === 0) return []
  if (type.bytes * length > TEXT_LIMIT)
    throw new DataError(`holds ${length} strings of ${type.bytes} bytes`, { place })
  return dataset.strings().map(text => text.trimEnd())
}
