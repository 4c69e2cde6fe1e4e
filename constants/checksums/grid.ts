import { DTYPE_BYTES } from '../../src/model/dtypes.js'
import type { Block, Range, Region } from '../blocks.js'
import { type ConstantSource, planesOf } from '../source.js'

/** Rows of slow scan and cells of one part: as many rows as the least job of loading takes. */
const PART_ROWS = 8
const PART_CELLS = 64

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
 * How a constant is divided for its checksums, one a part: 8 rows of slow scan × 64 cells, all of the fast scan, of one
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

  /** Hands the runs of a block to `use`, part by part. */
  eachRuns({ start, count }: Block, use: (runs: Runs) => void): void {
    const { shape, axes, dtype } = this.#source
    const inBlock = stridesOf(count)
    const inDataset = stridesOf(shape)
    const elementBytes = DTYPE_BYTES[dtype]
    const [outer = 0, inner = 0] = [axes.fastScan, axes.slowScan, axes.cell].filter(
      axis => axis !== this.#runAxis,
    )
    const step = (axis: number, length: number): Steps => ({
      count: length,
      stride: (inBlock[axis] ?? 0) * elementBytes,
      number: inDataset[axis] ?? 0,
    })
    const inRun = shape.length - 1 === this.#runAxis ? 1 : planesOf(this.#source)
    this.#eachPart(start, count, (part, from, length) => {
      let [at, first] = [0, 0]
      for (let axis = 0; axis < from.length; axis++) {
        at += ((from[axis] ?? 0) - (start[axis] ?? 0)) * (inBlock[axis] ?? 0)
        first += (from[axis] ?? 0) * (inDataset[axis] ?? 0)
      }
      use({
        part,
        at: at * elementBytes,
        bytes: (length[this.#runAxis] ?? 1) * inRun * elementBytes,
        first: first % 2 ** 32,
        rows: step(outer, length[outer] ?? 1),
        columns: step(inner, length[inner] ?? 1),
      })
    })
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
