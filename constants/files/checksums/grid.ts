import { DTYPE_BYTES } from '../../../src/model/dtypes.js'
import type { Range, Region, Slab } from '../slabs.js'
import { type ConstantSource, planesOf } from '../source.js'

/** Rows of slow scan and cells of one part: as many rows as the least job of loading takes. */
const PART_ROWS = 8
const PART_CELLS = 64

/** Parts of one call of the kernel `checksumRuns`, at most. */
export const MOST_SUMS = 1024

/** Runs of elements in a slab, as the kernel `checksumRuns` takes them. */
export interface Runs {
  /** The part of each sum that the kernel makes, in its order. */
  readonly parts: readonly number[]
  /** Byte of the slab where the first begins; bytes of all but the last of the groups, and of that. */
  readonly at: number
  readonly bytes: number
  readonly lastBytes: number
  /** Number of the first: the position of its first element in the dataset, in disk order. */
  readonly first: number
  readonly groups: Pick<Steps, 'count' | 'number'>
  readonly rows: Steps
  readonly columns: Steps
  /** Rows of a part, and how many of the first part's lie before the first row. */
  readonly partRows: number
  readonly phase: number
}

/** So many runs, `stride` bytes apart in the slab, `number` elements apart in the dataset. */
interface Steps {
  readonly count: number
  readonly stride: number
  readonly number: number
}

type Layout = Pick<ConstantSource, 'shape' | 'axes' | 'dtype'>

/**
 * How a constant is divided for its checksums, one a part: 8 rows of slow scan × 64 cells, all of the fast scan, of one
 * plane; of all planes where these are innermost, since they are always read together. Within a part elements are taken
 * by runs along the innermost axis, each with its position, so that the checksum is the same whatever slabs the part
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

  /** Whether a slab cuts no run. */
  keepsRuns({ start, count }: Slab): boolean {
    const axis = this.#runAxis
    const range: Range = [start[axis] ?? 0, (start[axis] ?? 0) + (count[axis] ?? 0)]
    return String(this.#rounded(axis, range)) === String(range)
  }

  /** Hands the runs of a slab that cuts none to `use`, as many at once as it may. */
  eachRuns({ start, count }: Slab, use: (runs: Runs) => void): void {
    const { shape, axes, dtype } = this.#source
    const elementBytes = DTYPE_BYTES[dtype]
    const inBlock = stridesOf(count).map(stride => stride * elementBytes)
    const inDataset = stridesOf(shape)
    const run = this.#runAxis
    // Rows are counted off into parts; of two axes that could be, the other's parts are taken one by one.
    const rowAxis = run === axes.slowScan ? axes.cell : axes.slowScan
    const columnAxis = run === axes.fastScan ? axes.cell : axes.fastScan
    const groupSize = this.#sizes[run] ?? 1
    const groups = Math.ceil((count[run] ?? 1) / groupSize)
    const partRows = this.#sizes[rowAxis] ?? 1
    const most = Math.max(1, Math.floor(MOST_SUMS / groups)) * partRows
    const runBytes = (inBlock[run] ?? 0) * groupSize
    const step = (axis: number, length: number): Steps => ({
      count: length,
      stride: inBlock[axis] ?? 0,
      number: inDataset[axis] ?? 0,
    })
    const from = [...start]
    for (const plane of axes.plane < 0 || axes.plane > run ? [undefined] : pieces(axes.plane, 1))
      for (const column of pieces(columnAxis, this.#sizes[columnAxis] ?? 1))
        for (const row of pieces(rowAxis, most)) {
          if (plane) from[axes.plane] = plane[0]
          from[columnAxis] = column[0]
          from[rowAxis] = row[0]
          const phase = row[0] % partRows
          const parts: number[] = []
          for (let at = row[0] - phase; at < row[1]; at += partRows)
            for (let g = 0; g < groups; g++) parts.push(this.#partOf(from, rowAxis, at, g))
          const dot = (strides: readonly number[], origin: readonly number[]) =>
            from.reduce((sum, at, axis) => sum + (at - (origin[axis] ?? 0)) * (strides[axis] ?? 0), 0)
          use({
            parts,
            at: dot(inBlock, start),
            bytes: groups === 1 ? (inBlock[run] ?? 0) * (count[run] ?? 1) : runBytes,
            lastBytes: (inBlock[run] ?? 0) * ((count[run] ?? 1) - (groups - 1) * groupSize),
            first: dot(inDataset, []) % 2 ** 32,
            groups: { count: groups, number: (inDataset[run] ?? 0) * groupSize },
            rows: step(rowAxis, row[1] - row[0]),
            columns: step(columnAxis, column[1] - column[0]),
            ...{ partRows, phase },
          })
        }

    /** The slab along an axis, cut at multiples of `size`. */
    function pieces(axis: number, size: number): Range[] {
      const [begin, end] = [start[axis] ?? 0, (start[axis] ?? 0) + (count[axis] ?? 1)]
      const ranges: Range[] = []
      for (let at = begin; at < end; at = (Math.floor(at / size) + 1) * size)
        ranges.push([at, Math.min(end, (Math.floor(at / size) + 1) * size)])
      return ranges
    }
  }

  /** The part of the element `at` along `rowAxis`, and `group` groups behind `from` along runs. */
  #partOf(from: readonly number[], rowAxis: number, at: number, group: number): number {
    const { axes } = this.#source
    const index = (axis: number) => {
      if (axis < 0) return 0
      const position = Math.floor((axis === rowAxis ? at : (from[axis] ?? 0)) / (this.#sizes[axis] ?? 1))
      return axis === this.#runAxis ? position + group : position
    }
    const inPlane = index(axes.plane) * this.#count(axes.cell) + index(axes.cell)
    return inPlane * this.#count(axes.slowScan) + index(axes.slowScan)
  }

  /** Hands the parts of a region to `use`, with what of the constant each is. */
  eachPartOf(
    { slowScan, cells, planes }: Region,
    use: (part: number, rows: Range, cells: Range) => void,
  ): void {
    const { shape, axes } = this.#source
    const start = shape.map(() => 0)
    const count = [...shape]
    for (const [axis, [from, to]] of [
      [axes.slowScan, slowScan],
      [axes.cell, cells],
      [axes.plane, planes],
    ] as const) {
      if (axis < 0) continue
      start[axis] = from
      count[axis] = to - from
    }
    this.#eachPart(start, count, (part, from, length) => {
      const range = (axis: number): Range => [from[axis] ?? 0, (from[axis] ?? 0) + (length[axis] ?? 0)]
      use(part, range(axes.slowScan), range(axes.cell))
    })
  }

  /** The parts that a box of elements has elements of: with these, in arrays that hold only until the next. */
  #eachPart(
    start: readonly number[],
    count: readonly number[],
    use: (part: number, from: readonly number[], length: readonly number[]) => void,
  ): void {
    const { axes } = this.#source
    const [from, length] = [[...start], [...count]]
    const along = (axis: number, next: (index: number) => void): void => {
      if (axis < 0) {
        next(0)
        return
      }
      const [first, size] = [start[axis] ?? 0, this.#sizes[axis] ?? 1]
      const end = first + (count[axis] ?? 1)
      for (let index = Math.floor(first / size); index * size < end; index++) {
        from[axis] = Math.max(first, index * size)
        length[axis] = Math.min(end, (index + 1) * size) - (from[axis] ?? 0)
        next(index)
      }
    }
    const [allCells, allRows] = [this.#count(axes.cell), this.#count(axes.slowScan)]
    along(axes.plane, plane => {
      along(axes.cell, cells => {
        along(axes.slowScan, rows => {
          use((plane * allCells + cells) * allRows + rows, from, length)
        })
      })
    })
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
