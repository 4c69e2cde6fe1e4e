import { DTYPE_BYTES } from '../../src/model/dtypes.js'
import type { Kernels } from '../../src/wasm/kernels.js'
import { notBits } from '../files/elements.js'
import type { Slab } from '../files/slabs.js'
import type { ConstantSource } from '../files/source.js'
import { type GatherName, type Moves, movesOf } from './kernel-moves.js'
import type { LanePlanes } from './lane-planes.js'
import type { Contribution } from './recipes.js'
import { type SlabAxes, slabAxes } from './scatter.js'

/** Kernels of the lane's memory, and workspace in it for their table of destinations. */
export interface ScatterWorkspace {
  readonly kernels: Kernels
  /** u32 words in the lane's memory: one for each cell and plane of a slab. Nobody else writes to it meanwhile. */
  readonly table: Uint32Array
  /** Byte of the lane's memory, a multiple of 8, where sums of checksums go: `SUMS_BYTES`. */
  readonly sum: number
}

/** Cells whose thresholds are made right after they were moved, while the cache holds them. */
const CELLS_AT_ONCE = 8

/** Writes what kernels can of the slabs of one constant, as {@link scatter} would, bit for bit. */
export class KernelScatter {
  readonly #workspace: ScatterWorkspace
  readonly #lane: LanePlanes
  readonly #source: ConstantSource
  readonly #uses: readonly Contribution[]
  readonly #moves: Moves
  /** By what of the constant's elements a slab holds: the same for nearly all slabs. */
  readonly #tables = new Map<string, readonly Table[]>()
  /** The table that is in the workspace. */
  #placed: Table | undefined

  constructor(
    workspace: ScatterWorkspace,
    lane: LanePlanes,
    source: ConstantSource,
    uses: readonly Contribution[],
  ) {
    this.#workspace = workspace
    this.#lane = lane
    this.#source = source
    this.#uses = uses
    this.#moves = movesOf(source, uses)
  }

  /**
   * Writes one slab.
   * @param bytes its elements in disk order, in the lane's memory.
   * @returns the contributions that are left for {@link scatter}.
   * @throws ConstantsError if a mask holds what is none.
   */
  scatter(slab: Slab, bytes: Uint8Array): readonly Contribution[] {
    const axes = slabAxes(this.#source, slab)
    const order = orderOf(axes)
    if (order === undefined || order.elements > this.#workspace.table.length) return this.#uses
    const { moves, thresholds, left } = this.#moves
    const { kernels } = this.#workspace
    for (const { clears, plane } of moves)
      if (clears)
        this.#eachRun(axes, 0, axes.cell.count, plane, (at, words) => {
          kernels.fill32(at, words, 0)
        })
    const tables = this.#tablesOf(axes, order)
    const step = thresholds && order.perCell > 0 ? CELLS_AT_ONCE : axes.cell.count
    for (let cell = 0; cell < axes.cell.count; cell += step) {
      const end = Math.min(cell + step, axes.cell.count)
      const [from, to] =
        step === axes.cell.count ? [0, order.elements] : [cell, end].map(c => c * order.perCell)
      for (const table of tables) this.#gather(table, axes, order, bytes, from ?? 0, to ?? 0)
      if (thresholds) {
        const { medium, low, gap } = thresholds
        const apart = 4 * (this.#lane.wordOf(0, low, 0) - this.#lane.wordOf(0, medium, 0))
        this.#eachRun(axes, cell, end, medium, (at, words) => {
          kernels.agipdThresholds(at, at + apart, words, gap ? 1 : 0)
        })
      }
    }
    return left
  }

  /** Moves elements `from … to − 1` of all pixels of the slab. */
  #gather(
    table: Table,
    { fast, slow }: SlabAxes,
    { stride }: ElementOrder,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { kernels, table: workspace } = this.#workspace
    if (this.#placed !== table) workspace.set(table.pointers)
    this.#placed = table
    const elementBytes = DTYPE_BYTES[this.#source.dtype]
    const pitch = 4 * this.#lane.width
    const refused = kernels[table.gather](
      bytes.byteOffset + from * stride * elementBytes,
      stride * elementBytes,
      fast.stride * elementBytes,
      slow.stride * elementBytes,
      workspace.byteOffset + 4 * from,
      to - from,
      fast.count,
      slow.count,
      pitch,
      slow.first * pitch + 4 * fast.first,
    )
    if (refused > 0) throw notBits(this.#source, Number.NaN)
  }

  #tablesOf({ cell, plane }: SlabAxes, order: ElementOrder): readonly Table[] {
    const key = [cell.first, cell.count, plane.first, plane.count, order.perCell].join()
    const known = this.#tables.get(key)
    if (known) return known
    const tables: Table[] = []
    for (const { gather, read, plane: to } of this.#moves.moves)
      for (let c = 0; c < cell.count; c++)
        for (const k of this.#lane.positionsOf(cell.first + c)) {
          const p = read - plane.first
          const element = order.perCell > 0 ? c * order.perCell + p : p * cell.count + c
          // An element that is wanted twice needs another table.
          let table = tables.find(each => each.gather === gather && each.pointers[element] === 0)
          if (table === undefined) {
            table = { gather, pointers: new Uint32Array(order.elements) }
            tables.push(table)
          }
          table.pointers[element] = this.#lane.addressOf(k, to, 0)
        }
    this.#tables.set(key, tables)
    return tables
  }

  /** Calls `use` for every run of pixels of the slab that is contiguous in `plane`, of cells `from … to − 1` in the slab. */
  #eachRun(
    { fast, slow, cell }: SlabAxes,
    from: number,
    to: number,
    plane: number,
    use: (address: number, words: number) => void,
  ): void {
    const { width } = this.#lane
    const whole = fast.count === width
    for (let c = from; c < to; c++)
      for (const k of this.#lane.positionsOf(cell.first + c)) {
        const at = this.#lane.addressOf(k, plane, slow.first) + 4 * fast.first
        if (whole) use(at, slow.count * width)
        else for (let row = 0; row < slow.count; row++) use(at + 4 * row * width, fast.count)
      }
  }
}

/** Destinations of a slab's elements for one kernel. */
interface Table {
  readonly gather: GatherName
  /** Address of slow scan 0, fast scan 0 of each element's plane; 0: not wanted. */
  readonly pointers: Uint32Array
}

/** How the elements of a pixel are numbered, cell and plane together, so that neighbours are `stride` apart. */
interface ElementOrder {
  readonly elements: number
  readonly stride: number
  /** Elements of a cell, where these lie side by side; 0: planes are outside cells. */
  readonly perCell: number
}

function orderOf({ cell, plane }: SlabAxes): ElementOrder | undefined {
  const elements = cell.count * plane.count
  if (plane.count === 1) return { elements, stride: cell.stride, perCell: 1 }
  if (cell.stride === plane.count * plane.stride)
    return { elements, stride: plane.stride, perCell: plane.count }
  if (plane.stride === cell.count * cell.stride) return { elements, stride: cell.stride, perCell: 0 }
  return undefined
}
