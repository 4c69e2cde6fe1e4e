import { DTYPE_BYTES } from '../../src/model/dtypes.js'
import type { Block, Range, Region } from '../blocks.js'
import { type ConstantSource, planesOf } from '../source.js'

/** Rows of slow scan and cells of one part: as many rows as the least job of loading takes. */
const PART_ROWS = 8
const PART_CELLS = 32
/** Bytes of the checksum of a part. */
export const SUM_BYTES = 16

/** Runs of elements of one part in a block, as the kernel `checksumRuns` takes them. */
export interface Runs {
  readonly part: number
  /** Byte of the block where the first begins, and bytes of each. */
  readonly at: number
  readonly bytes: number
  /** Number of the first: the position of its first element in the dataset, in disk order. */
  readonly first: number
  readonly rows: Steps
  readonly columns: Steps
}

/** So many runs, `stride` bytes apart in the block, `number` elements apart in the dataset. */
interface Steps {
  readonly count: number
  readonly stride: number
  readonly number: number
}

type Layout = Pick<ConstantSource, 'shape' | 'axes' | 'dtype'>

/**
 * How a constant is divided for its checksums, one a part: 8 rows of slow scan × 32 cells, all of the fast scan, of one
 * plane; of all planes where these are innermost, since they are always read together. Within a part elements are taken
 * by runs along the innermost axis, each with its position, so that the checksum is the same whatever blocks the part
 * is read in, as long as these do not cut runs.
 */
export class ChecksumGrid {
  /** Number of parts: `[plane][cells][rows]`. */
  readonly parts: number
  readonly #source: Layout
  /** Elements of a part along each axis. */
  readonly #sizes: readonly number[]
  /** The innermost axis that is none of planes. */
  readonly #runAxis: number

  constructor(source: Layout) {
    const { shape, axes } = source
    this.#source = source
    const innermost = axes.plane === shape.length - 1
    this.#runAxis = shape.length - (innermost ? 2 : 1)
    const sizeOf = new Map([
      [axes.slowScan, PART_ROWS],
      [axes.cell, PART_CELLS],
      [axes.plane, innermost ? planesOf(source) : 1],
    ])
    this.#sizes = shape.map((length, axis) => sizeOf.get(axis) ?? length)
    this.parts = shape.reduce((product, _, axis) => product * this.#count(axis), 1)
  }

  /** `region` rounded out to whole parts. */
  whole({ slowScan, cells, planes }: Region): Region {
    const { axes } = this.#source
    return {
      slowScan: this.#rounded(axes.slowScan, slowScan),
      cells: this.#rounded(axes.cell, cells),
      planes,
    }
  }

  /** Whether a block cuts no run. */
  keepsRuns({ start, count }: Block): boolean {
    const axis = this.#runAxis
    const range: Range = [start[axis] ?? 0, (start[axis] ?? 0) + (count[axis] ?? 0)]
    return String(this.#rounded(axis, range)) === String(range)
  }

  /** The runs of a block, part by part. */
  *runsOf({ start, count }: Block): Generator<Runs> {
    const { shape, axes, dtype } = this.#source
    const inBlock = stridesOf(count)
    const inDataset = stridesOf(shape)
    const [outer, inner] = [axes.fastScan, axes.slowScan, axes.cell].filter(axis => axis !== this.#runAxis)
    for (const { part, box } of this.#partsOf(start, count)) {
      const counts = box.map(([from, to]) => to - from)
      const steps = (axis = 0): Steps => ({
        count: counts[axis] ?? 1,
        stride: (inBlock[axis] ?? 0) * DTYPE_BYTES[dtype],
        number: inDataset[axis] ?? 0,
      })
      const position = (strides: readonly number[], origin: readonly number[]) =>
        box.reduce((sum, [from], axis) => sum + (from - (origin[axis] ?? 0)) * (strides[axis] ?? 0), 0)
      yield {
        part,
        at: position(inBlock, start) * DTYPE_BYTES[dtype],
        bytes: counts.slice(this.#runAxis).reduce((product, n) => product * n, DTYPE_BYTES[dtype]),
        first: position(inDataset, []) % 2 ** 32,
        rows: steps(outer),
        columns: steps(inner),
      }
    }
  }

  /** The parts of a region, and what of the constant each is. */
  *partsIn({ slowScan, cells, planes }: Region): Generator<{ part: number; rows: Range; cells: Range }> {
    const { shape, axes } = this.#source
    const of = new Map([
      [axes.slowScan, slowScan],
      [axes.cell, cells],
      [axes.plane, planes],
    ])
    const ranges = shape.map((length, axis): Range => of.get(axis) ?? [0, length])
    const start = ranges.map(([from]) => from)
    const count = ranges.map(([from, to]) => to - from)
    for (const { part, box } of this.#partsOf(start, count))
      yield { part, rows: box[axes.slowScan] ?? [0, 0], cells: box[axes.cell] ?? [0, 0] }
  }

  /** The parts that a box of elements has elements of, with these. */
  *#partsOf(start: readonly number[], count: readonly number[]): Generator<{ part: number; box: Range[] }> {
    const { axes } = this.#source
    const pieces = (axis: number): { index: number; range: Range }[] => {
      const [from, size] = [start[axis] ?? 0, this.#sizes[axis] ?? 1]
      const to = from + (count[axis] ?? 1)
      const [first, last] = [Math.floor(from / size), Math.ceil(to / size)]
      return Array.from({ length: last - first }, (_, i) => ({
        index: first + i,
        range: [Math.max(from, (first + i) * size), Math.min(to, (first + i + 1) * size)] as const,
      }))
    }
    const box = start.map((from, axis): Range => [from, from + (count[axis] ?? 1)])
    for (const plane of pieces(axes.plane))
      for (const cells of pieces(axes.cell))
        for (const rows of pieces(axes.slowScan)) {
          const inPlane = plane.index * this.#count(axes.cell) + cells.index
          const part = inPlane * this.#count(axes.slowScan) + rows.index
          const piece = [...box]
          if (axes.plane >= 0) piece[axes.plane] = plane.range
          piece[axes.cell] = cells.range
          piece[axes.slowScan] = rows.range
          yield { part, box: piece }
        }
  }

  /** Parts along an axis. */
  #count(axis: number): number {
    return Math.ceil((this.#source.shape[axis] ?? 1) / (this.#sizes[axis] ?? 1))
  }

  #rounded(axis: number, [from, to]: Range): Range {
    const size = this.#sizes[axis] ?? 1
    return [
      Math.floor(from / size) * size,
      Math.min(this.#source.shape[axis] ?? to, Math.ceil(to / size) * size),
    ]
  }
}

/** Elements between neighbours along each axis, in C order. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1))
}
