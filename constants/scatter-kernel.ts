import type { Gather, Kernels } from '../src/corrections/kernel.js'
import { DTYPE_BYTES } from '../src/model/dtypes.js'
import type { Block } from './blocks.js'
import { notBits } from './elements.js'
import type { LanePlanes } from './lane-planes.js'
import type { Contribution, Form } from './recipes.js'
import { type BlockAxes, blockAxes } from './scatter.js'
import type { ConstantSource } from './source.js'

/** Kernels of the lane's memory, and room in it for their table of destinations. */
export interface KernelRoom {
  readonly kernels: Kernels
  /** u32 words in the lane's memory: one for each cell and plane of a block. */
  readonly table: Uint32Array
}

/**
 * Writes what kernels can of one block, as {@link scatter} would, bit for bit.
 * @param bytes the block's elements in disk order, in the lane's memory.
 * @returns the contributions that are left for {@link scatter}.
 * @throws ConstantsError if a mask holds what is none.
 */
export function scatterByKernel(
  { kernels, table }: KernelRoom,
  lane: LanePlanes,
  source: ConstantSource,
  block: Block,
  bytes: Uint8Array,
  uses: readonly Contribution[],
): readonly Contribution[] {
  const axes = blockAxes(source, block)
  const order = orderOf(axes)
  if (order === undefined || order.elements > table.length) return uses

  const { taken, left, thresholds } = sorted(source, uses)
  const elementBytes = DTYPE_BYTES[source.dtype]
  const { fast, slow } = axes
  // From the block's first row, fast scan 0, to its first pixel.
  const to = 4 * fast.first
  const pitch = 4 * lane.width
  const runs = runsOf(axes, lane.width)
  for (const [gather, moves] of byGather(kernels, source, taken)) {
    for (const { form, plane } of moves)
      if (form === 'assign' && gather !== kernels.gather32)
        eachPosition(lane, axes, k => {
          const at = lane.addressOf(k, plane, slow.first) + to
          for (const run of runs) kernels.fill32(at + run.from, run.words, 0)
        })
    for (const addresses of destinations(lane, axes, order, moves)) {
      table.fill(0, 0, order.elements)
      for (const [element, address] of addresses) table[element] = address + to
      const refused = gather(
        bytes.byteOffset,
        order.stride * elementBytes,
        fast.stride * elementBytes,
        slow.stride * elementBytes,
        table.byteOffset,
        order.elements,
        fast.count,
        slow.count,
        pitch,
      )
      if (refused > 0) throw notBits(source, Number.NaN)
    }
  }
  if (thresholds) {
    const { medium, low, gap } = thresholds
    eachPosition(lane, axes, k => {
      const [t0, t1] = [lane.addressOf(k, medium, axes.slow.first), lane.addressOf(k, low, axes.slow.first)]
      for (const { from, words } of runs)
        kernels.agipdThresholds(t0 + to + from, t1 + to + from, words, gap ? 1 : 0)
    })
  }
  return left
}

/** Pixels of a block that are contiguous in a plane: all of them if rows are whole, else one row. */
interface Run {
  /** Bytes from the block's first pixel. */
  readonly from: number
  readonly words: number
}

function runsOf({ fast, slow }: BlockAxes, width: number): readonly Run[] {
  if (fast.count === width) return [{ from: 0, words: slow.count * width }]
  return Array.from({ length: slow.count }, (_, row) => ({ from: 4 * row * width, words: fast.count }))
}

/** How the elements of a pixel are numbered, cell and plane together, so that neighbours are `stride` apart. */
interface ElementOrder {
  readonly elements: number
  readonly stride: number
  readonly numberOf: (cell: number, plane: number) => number
}

function orderOf({ cell, plane }: BlockAxes): ElementOrder | undefined {
  const elements = cell.count * plane.count
  if (plane.count === 1) return { elements, stride: cell.stride, numberOf: c => c }
  if (cell.stride === plane.count * plane.stride)
    return { elements, stride: plane.stride, numberOf: (c, p) => c * plane.count + p }
  if (plane.stride === cell.count * cell.stride)
    return { elements, stride: cell.stride, numberOf: (c, p) => p * cell.count + c }
  return undefined
}

interface Move {
  readonly form: Form
  /** Plane of the constant, plane of the lane. */
  readonly read: number
  readonly plane: number
}

interface Sorted {
  readonly taken: readonly Move[]
  readonly left: readonly Contribution[]
  /** The lane's two planes of thresholds, made of T0 and T1 after these have been moved there. */
  readonly thresholds: { readonly medium: number; readonly low: number; readonly gap: boolean } | undefined
}

function sorted(source: ConstantSource, uses: readonly Contribution[]): Sorted {
  const taken: Move[] = []
  const left: Contribution[] = []
  const medium = uses.filter(({ form }) => form === 'medium-threshold')
  const low = uses.filter(({ form }) => form === 'low-threshold')
  const [t0, t1] = [medium[0], low[0]]
  const paired = medium.length === 1 && low.length === 1 && t0?.gap === t1?.gap
  for (const { form, reads, plane, ...rest } of uses) {
    const threshold = form === 'medium-threshold' || form === 'low-threshold'
    const read = reads[form === 'low-threshold' ? 1 : 0] ?? 0
    const known = threshold ? paired : form !== 'formula'
    if (known && gatherName(source, form) !== undefined) taken.push({ form, read, plane })
    else left.push({ form, reads, plane, ...rest })
  }
  const moved = taken.some(({ form }) => form === 'medium-threshold')
  const thresholds = moved && t0 && t1 ? { medium: t0.plane, low: t1.plane, gap: t0.gap } : undefined
  return { taken, left, thresholds }
}

type GatherName = 'gatherF64' | 'gather32' | 'orU32' | 'orU64' | 'orF64'

/** The kernel for a constant's type of elements; undefined: there is none. */
function gatherName({ dtype, calibration }: ConstantSource, form: Form): GatherName | undefined {
  if (calibration.kind === 'float')
    return dtype === 'f8' ? 'gatherF64' : dtype === 'f4' ? 'gather32' : undefined
  // An upper half that is not zero is refused, so the sign does not matter.
  if (dtype === 'u8' || dtype === 'i8') return 'orU64'
  if (dtype === 'f8') return 'orF64'
  if (dtype === 'u4') return form === 'assign' ? 'gather32' : 'orU32'
  return undefined
}

function byGather(
  kernels: Kernels,
  source: ConstantSource,
  moves: readonly Move[],
): Map<Gather, readonly Move[]> {
  const groups = new Map<Gather, Move[]>()
  for (const move of moves) {
    const name = gatherName(source, move.form)
    if (name === undefined) continue
    groups.set(kernels[name], [...(groups.get(kernels[name]) ?? []), move])
  }
  return groups
}

/** Tables of destinations, element → address: as many as the element that is wanted most often needs. */
function destinations(
  lane: LanePlanes,
  axes: BlockAxes,
  { numberOf }: ElementOrder,
  moves: readonly Move[],
): readonly ReadonlyMap<number, number>[] {
  const tables: Map<number, number>[] = []
  for (const { read, plane } of moves)
    eachPosition(lane, axes, (k, cell) => {
      const element = numberOf(cell, read - axes.plane.first)
      let table = tables.find(each => !each.has(element))
      if (table === undefined) {
        table = new Map()
        tables.push(table)
      }
      table.set(element, lane.addressOf(k, plane, axes.slow.first))
    })
  return tables
}

/** Calls `use` for every cell of the block, numbered within it, and every position it has in the lane. */
function eachPosition(lane: LanePlanes, { cell }: BlockAxes, use: (k: number, cell: number) => void): void {
  for (let c = 0; c < cell.count; c++) for (const k of lane.positionsOf(cell.first + c)) use(k, c)
}
