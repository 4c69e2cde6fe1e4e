import { type FoundDataset, findDataset, openDataset, type SlabReader } from '../hdf5/index.js'
import { DTYPE_BYTES, type DType, viewAs } from '../model/dtypes.js'
import { DataError } from '../model/errors.js'
import type { Difference } from './difference.js'

/** Bytes of each file that are held in memory at once; one row at least. */
const PIECE = 8 << 20

/**
 * Holds the decoded elements of a dataset of two files against each other, bit by bit, a few rows at a time.
 * @returns undefined: they are equal.
 * @throws DataError naming file and dataset if one of them cannot be decoded.
 */
export async function differingValues(
  files: readonly [string, string],
  dataset: string,
): Promise<Difference | undefined> {
  const [one, other] = await Promise.all(files.map(file => findDataset(file, dataset)))
  if (one === undefined || other === undefined) return undefined
  const { dtype, shape } = one
  if (dtype === undefined)
    throw new DataError('holds elements that are not compared', { place: { file: files[0], dataset } })
  const open: SlabReader[] = []
  try {
    for (const [i, found] of [one, other].entries())
      open.push(await openFound(files[i] ?? '', dataset, found))
    return firstOf(open, dataset, dtype, shape)
  } finally {
    for (const reader of open) reader.close()
  }
}

function openFound(file: string, dataset: string, { located }: FoundDataset): Promise<SlabReader> {
  return openDataset({ file, dataset }, located)
}

function firstOf(
  [one, other]: readonly SlabReader[],
  dataset: string,
  dtype: DType,
  shape: readonly number[],
): Difference | undefined {
  const size = DTYPE_BYTES[dtype]
  const [rows = 1, ...inner] = shape
  const rowLength = inner.reduce((product, n) => product * n, 1)
  const step = Math.max(1, Math.floor(PIECE / (rowLength * size)))
  let elements = 0
  let first: Difference['first']
  for (let row = 0; row < rows && rowLength > 0; row += step) {
    const count = Math.min(step, rows - row)
    const slab =
      shape.length === 0
        ? [[], []]
        : [
            [row, ...inner.map(() => 0)],
            [count, ...inner],
          ]
    const pieces = [one, other].map(reader => {
      const out = new Uint8Array(count * rowLength * size)
      reader?.read(slab[0] ?? [], slab[1] ?? [], out)
      return out
    })
    const [ours, theirs] = pieces as [Uint8Array, Uint8Array]
    if (Buffer.compare(ours, theirs) === 0) continue
    for (let i = 0; i < count * rowLength; i++) {
      if (sameBytes(ours, theirs, i * size, size)) continue
      elements++
      first ??= {
        index: shape.length === 0 ? [] : indexOf(row * rowLength + i, shape),
        values: [textAt(ours, dtype, i), textAt(theirs, dtype, i)],
      }
    }
  }
  if (first === undefined) return undefined
  const of = rows * rowLength
  return { dataset, message: `${elements} of ${of} elements differ`, first, elements, of }
}

function sameBytes(ours: Uint8Array, theirs: Uint8Array, from: number, size: number): boolean {
  for (let i = from; i < from + size; i++) if (ours[i] !== theirs[i]) return false
  return true
}

/** The place of an element along each axis. */
function indexOf(element: number, shape: readonly number[]): number[] {
  const index: number[] = []
  let rest = element
  for (const length of [...shape].reverse()) {
    index.unshift(rest % length)
    rest = Math.floor(rest / length)
  }
  return index
}

/** A number as text; of NaN and of zeros the bits too, which are what differs. */
function textAt(bytes: Uint8Array, dtype: DType, i: number): string {
  const value = viewAs(dtype, bytes.buffer, bytes.byteOffset, bytes.length / DTYPE_BYTES[dtype])[i] ?? 0
  if (dtype !== 'f4' || !(Number.isNaN(value) || value === 0)) return String(value)
  const bits = viewAs('u4', bytes.buffer, bytes.byteOffset, bytes.length / 4)[i] ?? 0
  return `${Object.is(value, -0) ? '-0' : value} (0x${bits.toString(16).padStart(8, '0')})`
}
