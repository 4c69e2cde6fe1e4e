import type { LocatedDataset } from '../src/hdf5/direct/types.js'
import { DTYPE_BYTES } from '../src/model/dtypes.js'
import type { ConstantSource } from './source.js'

/** A range of indices: `from` inclusive, `to` exclusive. */
export type Range = readonly [from: number, to: number]

/** What of a constant is wanted; all of the fast scan always. */
export interface Region {
  readonly slowScan: Range
  readonly cells: Range
  readonly planes: Range
}

/** A piece of a constant that is read at once, in disk order. All planes of the region are in every block. */
export interface Block {
  readonly start: readonly number[]
  readonly count: readonly number[]
  /** Bytes of its elements. */
  readonly bytes: number
}

/**
 * Cuts a region into blocks of at most `budget` bytes (of one element at least). Blocks of a compressed constant begin
 * and end on its chunks where the budget allows, so that no chunk is decoded twice.
 *
 * A block grows first along the fast scan, which is contiguous in a lane's planes, then along the axes that are
 * contiguous on disk.
 */
export function* blocksOf(source: ConstantSource, region: Region, budget: number): Generator<Block> {
  const { shape, axes, dtype, located } = source
  const { slowScan, cell, plane } = axes
  const ranges = shape.map((length): Range => [0, length])
  ranges[slowScan] = region.slowScan
  ranges[cell] = region.cells
  if (plane >= 0) ranges[plane] = region.planes
  const lengths = ranges.map(([from, to]) => to - from)

  const chunk = decodedChunk(located)
  const size = (chunk ? undefined : pagesOf(source, lengths, budget)) ?? grown(source, lengths, chunk, budget)
  const steps = ranges.map((range, axis) => cuts(range, size[axis] ?? 1, chunk ? 0 : range[0]))
  for (const pieces of product(steps)) {
    const start = pieces.map(([from]) => from)
    const count = pieces.map(([from, to]) => to - from)
    yield { start, count, bytes: count.reduce((all, n) => all * n, DTYPE_BYTES[dtype]) }
  }
}

/** Bytes that stay in the second-level cache between being read and being scattered. */
const CACHED_BYTES = 2 ** 20
/** Reads of this length are nearly as fast as longer ones. */
const RUN_BYTES = 12 * 2 ** 10
/** Bytes of a page of memory, and of a word of a plane. */
const [PAGE_BYTES, WORD_BYTES] = [4096, 4]

/**
 * Shape of blocks of a constant whose fast scan is outside its slow scan, as in CalCat's order: rows that fill whole pages
 * of a lane's planes. What is written to a plane at a time is what counts most: half a page in each of a thousand
 * planes takes half as long again as a whole one, even where the block for that no longer fits the second-level cache.
 * @returns undefined for other orders, and where the budget does not hold one page of all cells.
 */
function pagesOf(
  { axes, dtype }: ConstantSource,
  lengths: readonly number[],
  budget: number,
): number[] | undefined {
  const { fastScan, slowScan } = axes
  if (fastScan > slowScan) return undefined
  const [width, height] = [lengths[fastScan] ?? 1, lengths[slowScan] ?? 1]
  const pixelBytes = lengths.reduce((product, n) => product * n, DTYPE_BYTES[dtype]) / (width * height)
  const page = Math.max(1, Math.floor(PAGE_BYTES / (WORD_BYTES * width)))
  const run = Math.ceil(RUN_BYTES / (pixelBytes * page)) * page
  // Few cells: more rows, so that reads are long, and then part of the row, as where the budget is small.
  const rows = Math.min(height, run)
  const most = rows > page ? Math.min(CACHED_BYTES, budget) : budget
  let columns = width
  while (columns % 32 === 0 && columns * rows * pixelBytes > most) columns /= 2
  if (columns * rows * pixelBytes > budget) return undefined
  return lengths.map((length, axis) => (axis === fastScan ? columns : axis === slowScan ? rows : length))
}

/** Shape of blocks as {@link blocksOf} says, without regard to pages. */
function grown(
  { axes, dtype }: ConstantSource,
  lengths: readonly number[],
  chunk: readonly number[] | undefined,
  most: number,
): number[] {
  const { fastScan, slowScan, cell, plane } = axes
  // Compressed chunks are decoded once only if whole ones fit.
  const budget = chunk ? most : Math.min(most, 4 * CACHED_BYTES)
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

/** Shape of the chunks that cannot be read in part; undefined: any part can. */
function decodedChunk(located: LocatedDataset | undefined): readonly number[] | undefined {
  const storage = located?.storage
  return storage?.kind === 'chunked' && storage.filters.length > 0 ? storage.chunkShape : undefined
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
