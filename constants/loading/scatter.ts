import { elementsOf } from '../files/elements.js'
import type { Slab } from '../files/slabs.js'
import type { ConstantSource } from '../files/source.js'
import type { LanePlanes } from './lane-planes.js'
import type { Contribution } from './recipes.js'

/**
 * Pixels of a row that are taken at a time: neighbours along the fast scan lie far apart in CalCat's order, and the
 * cache lines of this many stay in cache while all cells and planes that share them are written.
 */
const TILE = 64

/** What a slab covers along each axis, and how far apart neighbours are in it, in elements. */
export interface SlabAxes {
  readonly fast: Extent
  readonly slow: Extent
  readonly cell: Extent
  readonly plane: Extent
}

interface Extent {
  readonly first: number
  readonly count: number
  readonly stride: number
}

/** The axes of a slab; a missing plane axis is one of length 1. */
export function slabAxes({ axes }: ConstantSource, { start, count }: Slab): SlabAxes {
  const strides: number[] = []
  let stride = 1
  for (let axis = count.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= count[axis] ?? 1
  }
  const extent = (axis: number): Extent => ({
    first: start[axis] ?? 0,
    count: count[axis] ?? 1,
    stride: strides[axis] ?? 0,
  })
  return {
    fast: extent(axes.fastScan),
    slow: extent(axes.slowScan),
    cell: extent(axes.cell),
    plane: extent(axes.plane),
  }
}

/**
 * Writes what `uses` make of one slab, one element at a time: the definition that `KernelScatter` must equal,
 * and the way for formulas and for types of elements that it does not know.
 * @param bytes the slab's elements in disk order, aligned to 8.
 * @throws ConstantsError if a mask holds what is none.
 */
export function scatter(
  lane: LanePlanes,
  source: ConstantSource,
  slab: Slab,
  bytes: Uint8Array,
  uses: readonly Contribution[],
): void {
  const { fast, slow, cell, plane } = slabAxes(source, slab)
  const gather = elementsOf(source, slab, bytes)
  // Each plane of the constant is taken once, whichever of the uses read it.
  const planes = [...new Set(uses.flatMap(use => use.reads))]
  const offsets = planes.map(read => (read - plane.first) * plane.stride)
  const rows = planes.map(() => new Float64Array(TILE))
  const inputs = uses.map(use => use.reads.flatMap(read => rows[planes.indexOf(read)] ?? []))

  for (let y = 0; y < slow.count; y++) {
    for (let x = 0; x < fast.count; x += TILE) {
      const n = Math.min(TILE, fast.count - x)
      const pixel = lane.wordOf(0, 0, slow.first + y) + fast.first + x
      for (let c = 0; c < cell.count; c++) {
        const positions = lane.positionsOf(cell.first + c)
        if (positions.length === 0) continue
        const from = y * slow.stride + x * fast.stride + c * cell.stride
        rows.forEach((row, i) => {
          gather(from + (offsets[i] ?? 0), fast.stride, n, row)
        })
        uses.forEach((use, i) => {
          for (const k of positions)
            use.write(inputs[i] ?? [], n, lane.f32, lane.u32, lane.wordOf(k, use.plane, 0) + pixel)
        })
      }
    }
  }
}
