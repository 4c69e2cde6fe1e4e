import { DataError } from '../model/errors.js'
import { type Dataset, type File, ifAny } from './library.js'
import type { ReadableDataset, ReadableFile } from './readable.js'

/**
 * Small datasets read safely: presence, dtype, rank and size are checked before a byte is allocated, because
 * a damaged header can declare any size. Errors name the dataset; `withExdf` adds the file.
 */

/** Rows that one read takes at most; the library allocates them twice. */
const STEP = 1 << 20
/** Bytes of text that a list of names may have. */
const TEXT_LIMIT = 16 << 20

/** The dataset at `path`, soft links followed; undefined if nothing or something else is there. */
export function datasetAt(file: File, path: string): Dataset | undefined
export function datasetAt(file: ReadableFile, path: string): ReadableDataset | undefined
export function datasetAt(file: ReadableFile, path: string): ReadableDataset | undefined {
  // Asking for a name below a dataset or a broken link throws in the library instead of answering "absent".
  const entity = ifAny(() => file.get(path)) ?? null
  return entity !== null && 'type' in entity && entity.type === 'Dataset'
    ? (entity as ReadableDataset)
    : undefined
}

/** @throws DataError if there is no such dataset. */
export function requireDataset(file: ReadableFile, path: string): ReadableDataset {
  const dataset = datasetAt(file, path)
  if (!dataset)
    throw new DataError('this dataset is missing', {
      place: { dataset: path },
      hint: 'Check that the file is complete, or leave it out of the run folder',
    })
  return dataset
}

/** Names below a group in the library's order; empty if there is no such group. */
export function namesIn(file: ReadableFile, path: string): string[] {
  const entity = ifAny(() => file.get(path)) ?? null
  if (!(entity !== null && 'keys' in entity)) return []
  return ifAny(() => (entity as { keys(): string[] }).keys()) ?? []
}

/** Objects that a walk looks at, and how deep: links can make any tree endless. */
const WALK_LIMIT = 100_000
const WALK_DEPTH = 16

/** Paths of all datasets below a group. @throws DataError if there are absurdly many. */
export function datasetsBelow(file: ReadableFile, path: string): string[] {
  const found: string[] = []
  let visited = 0
  const walk = (group: string, depth: number): void => {
    for (const name of namesIn(file, group)) {
      if (++visited > WALK_LIMIT || depth > WALK_DEPTH)
        throw new DataError('holds too many objects, or links in a circle', { place: { dataset: path } })
      const child = `${group}/${name}`
      if (datasetAt(file, child)) found.push(child)
      else walk(child, depth + 1)
    }
  }
  walk(path, 0)
  return found
}

/** Rows of a dataset: its first dimension; 0 for a scalar or an empty one. */
export function rowsOf(dataset: ReadableDataset): number {
  return dataset.shape?.[0] ?? 0
}

/**
 * Dtype in numpy's short spelling (`u2`, `f4`, `i8`), with `>` in front when big-endian; `other` for
 * anything but integers and floats.
 */
export function dtypeOf(dataset: ReadableDataset): string {
  const { type, signed, size, littleEndian } = dataset.metadata
  if (type !== 0 && type !== 1) return 'other'
  const kind = type === 1 ? 'f' : signed ? 'i' : 'u'
  return `${littleEndian || size === 1 ? '' : '>'}${kind}${size}`
}

/**
 * The first `rows` numbers of a dataset of one value a row, shape (N,) or (N, 1). u64 above 2^53 come
 * rounded: what is an id, a row or a count is read by {@link readExact}.
 * @throws DataError for another shape or dtype, or fewer rows.
 */
export function readNumbers(dataset: ReadableDataset, rows: number): Float64Array {
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
export function readExact(dataset: ReadableDataset, rows: number): ExactNumbers {
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
export function readBigInts(dataset: ReadableDataset, rows: number): BigUint64Array {
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

function checkedRows(dataset: ReadableDataset, rows: number): number {
  const place = { dataset: dataset.path.replace(/^\//, '') }
  const dtype = dtypeOf(dataset)
  if (!/^(?:[iu][1248]|f[48])$/.test(dtype))
    throw new DataError(`has dtype ${dtype}, not little-endian numbers`, { place })
  const shape = dataset.shape ?? []
  if (shape.length === 0 || shape.slice(1).some(length => length !== 1))
    throw new DataError(`has shape (${shape.join(', ')}), expected one value a row`, { place })
  if ((shape[0] ?? 0) < rows)
    throw new DataError(`has ${shape[0] ?? 0} rows, ${rows} are needed`, {
      place,
      hint: 'The file is truncated or still being copied: wait or copy it again',
    })
  return rows
}

function forEachPiece(
  dataset: ReadableDataset,
  rows: number,
  use: (piece: ArrayLike<number | bigint>, start: number) => void,
): void {
  const behind = (dataset.shape ?? []).slice(1).map((): [number, number] => [0, 1])
  for (let start = 0; start < rows; start += STEP) {
    const stop = Math.min(rows, start + STEP)
    use(dataset.slice([[start, stop], ...behind]) as ArrayLike<number | bigint>, start)
  }
}

/**
 * All strings of a dataset, scalar or one-dimensional, fixed-length or variable-length.
 *
 * Entries that were never written come as `''` or, where the library follows a null pointer into its own
 * heap, as `emsc`; both are given as `''`.
 * @throws DataError if these are not strings or absurdly many.
 */
export function readStrings(dataset: ReadableDataset): string[] {
  const place = { dataset: dataset.path.replace(/^\//, '') }
  const { type, size, total_size: count, shape } = dataset.metadata
  if (type !== 3) throw new DataError('does not hold strings', { place })
  if (shape === null || count === 0) return []
  if (size * count > TEXT_LIMIT) throw new DataError(`holds ${count} strings of ${size} bytes`, { place })
  const value = dataset.value
  const list = Array.isArray(value) ? value : [value]
  return list.map(text => (typeof text === 'string' && text !== 'emsc' ? text.trimEnd() : ''))
}
