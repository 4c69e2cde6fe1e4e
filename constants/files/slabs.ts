import { decodedChunk } from '../../src/hdf5/index.js'
import { DTYPE_BYTES } from '../../src/model/dtypes.js'
import type { ConstantSource } from './source.js'

/** Workspace for slabs where the caller gives none. */
export const SCRATCH_BYTES = 4 * 2 ** 20

/** A range of indices: `from` inclusive, `to` exclusive. */
export type Range = readonly [from: number, to: number]

/** What of a constant is wanted; all of the fast scan always. */
export interface Region {
  readonly slowScan: Range
  readonly cells: Range
  readonly planes: Range
}

/** A piece of a constant that is read at once, in disk order. All planes of the region are in every slab. */
export interface Slab {
  readonly start: readonly number[]
  readonly count: readonly number[]
  /** Bytes of its elements. */
  readonly bytes: number
}

/**
 * Cuts a region into slabs of at most `budget` bytes (of one element at least). Slabs of a compressed constant begin
 * and end on its chunks where the budget allows, so that no chunk is decoded twice.
 *
 * A slab grows first along the fast scan, which is contiguous in a lane's planes, then along the axes that are
 * contiguous on disk.
 */
export function* slabsOf(source: ConstantSource, region: Region, budget: number): Generator<Slab> {
  const { shape, axes, dtype, located } = source
  const { slowScan, cell, plane } = axes
  const ranges = shape.map((length): Range => [0, length])
  ranges[slowScan] = region.slowScan
  ranges[cell] = region.cells
  if (plane >= 0) ranges[plane] = region.planes
  const lengths = ranges.map(([from, to]) => to - from)

  const chunk = decodedChunk(located)
  const size =
    (chunk ? undefined : transposed(source, lengths, budget)) ?? grown(source, lengths, chunk, budget)
  const steps = ranges.map((range, axis) => cuts(range, size[axis] ?? 1, chunk ? 0 : range[0]))
  // Rows outermost: slabs that share pages of the planes follow each other.
  const outermost = [slowScan, ...shape.keys()].filter((axis, i, all) => all.indexOf(axis) === i)
  for (const inOrder of product(outermost.map(axis => steps[axis] ?? []))) {
    const pieces = shape.map((_, axis) => inOrder[outermost.indexOf(axis)] ?? [0, 0])
    const start = pieces.map(([from]) => from)
    const count = pieces.map(([from, to]) => to - from)
    yield { start, count, bytes: count.reduce((all, n) => all * n, DTYPE_BYTES[dtype]) }
  }
}

/** Slabs of about this size stay in cache between being read and being scattered. */
const CACHED_BYTES = 2 ** 21
/** Reads of this length are nearly as fast as longer ones. */
const RUN_BYTES = 24 * 2 ** 10
/** Pixels of a row, four cache lines of a plane, below which writing to many planes becomes slow. */
const LEAST_COLUMNS = 64
/** Rows below which the pages of many planes are written to again and again, where the budget allows more. */
const LEAST_ROWS = 16

/**
 * Shape of slabs of a constant whose fast scan is outside its slow scan, as in CalCat's order: sixteen rows, more where
 * reads would be short and fewer where the budget holds no more, a power of two so that they share pages of the planes, and
 * as much of the fast scan as the cache holds.
 * @returns undefined for other orders, and where the budget does not hold that.
 */
function transposed(
  { axes, dtype }: ConstantSource,
  lengths: readonly number[],
  budget: number,
): number[] | undefined {
  const { fastScan, slowScan } = axes
  if (fastScan > slowScan) return undefined
  const [width, height] = [lengths[fastScan] ?? 1, lengths[slowScan] ?? 1]
  const pixelBytes = lengths.reduce((product, n) => product * n, DTYPE_BYTES[dtype]) / (width * height)
  const columnsOf = (rows: number): number => {
    let columns = width
    while (columns % (2 * LEAST_COLUMNS) === 0 && columns * rows * pixelBytes > CACHED_BYTES) columns /= 2
    return columns
  }
  const fits = (rows: number): boolean => columnsOf(rows) * rows * pixelBytes <= budget
  let rows = 1
  while (rows < height && rows * pixelBytes < RUN_BYTES) rows *= 2
  while (rows < Math.min(LEAST_ROWS, height) && fits(2 * rows)) rows *= 2
  rows = Math.min(rows, height)
  if (!fits(rows)) return undefined
  const columns = columnsOf(rows)
  return lengths.map((length, axis) => (axis === fastScan ? columns : axis === slowScan ? rows : length))
}

/** Shape of slabs as {@link slabsOf} says, for any order of axes. */
function grown(
  { axes, dtype }: ConstantSource,
  lengths: readonly number[],
  chunk: readonly number[] | undefined,
  most: number,
): number[] {
  const { fastScan, slowScan, cell, plane } = axes
  // Compressed chunks are decoded once only if whole ones fit.
  const budget = chunk ? most : Math.min(most, 2 * CACHED_BYTES)
  const size = lengths.map((length, axis) => Math.min(length, axis === plane ? length : (chunk?.[axis] ?? 1)))
  const bytes = () => size.reduce((product, n) => product * n, DTYPE_BYTES[dtype])

  const innermostFirst = [cell, slowScan].sort((a, b) => b - a)
  const growing = [fastScan, ...innermostFirst]
  // A chunk above the budget is cut, outermost axis first, and decoded once for each piece.
  for (const axis of growing.toReversed())
    while (bytes() > budget && (size[axis] ?? 1) > 1) size[axis] = Math.ceil((size[axis] ?? 1) / 2)
  for (const axis of growing) {
    const [now = 1, whole = 1] = [size[axis], lengths[axis]]
    const times = Math.min(Math.max(1, Math.floor(budget / bytes())), Math.ceil(whole / now))
    // Pieces of about the same length rather than full ones and a rest.
    const pieces = Math.ceil(whole / (now * times))
    size[axis] = Math.min(whole, now * Math.ceil(whole / (now * pieces)))
  }

  return size
}

/** `range` cut at the multiples of `step` from `origin` on; a range no longer than `step` stays whole. */
function cuts([from, to]: Range, step: number, origin: number): Range[] {
  if (to - from <= step) return [[from, to]]
  const pieces: Range[] = []
  for (let at = from; at < to; ) {
    const next = Math.min(to, origin + (Math.floor((at - origin) / step) + 1) * step)
    pieces.push([at, next])
    at = next
  }
  return pieces
}

/** Every combination of one element of each list, the last list fastest. */
function* product<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [head, ...tail] = lists
  if (head === undefined) {
    yield []
    return
  }
  for (const item of head) for (const rest of product(tail)) yield [item, ...rest]
}
