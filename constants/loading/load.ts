import { missingBits, type PlaneRecipe } from '../../src/corrections/planes.js'
import type { Kernels } from '../../src/wasm/kernels.js'
import { Verification } from '../files/checksums/verification.js'
import { type Range, type Region, slabsOf } from '../files/slabs.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from '../files/source.js'
import { type LaneOptions, LanePlanes } from './lane-planes.js'
import { type Contribution, contributionsOf } from './recipes.js'
import { scatter } from './scatter.js'
import { KernelScatter } from './scatter-kernel.js'
import { Scratch } from './scratch.js'

/** Where a lane keeps a module's constants, and what they are made of. */
export interface LoadOptions extends LaneOptions {
  /** What each plane of a cell is, in the lane's order. */
  readonly planes: readonly PlaneRecipe[]
  /** The constants that `planes` name, by calibration. */
  readonly constants: ReadonlyMap<string, ConstantSource>
  /** Slow-scan rows to load: several workers load one module, each its strip. */
  readonly slowScan: Range
  /** `finiteMedian` of the calibration that a plane takes the median of. */
  readonly median?: number
  /** Room for what is read at once; shared memory will do. Absent: a private buffer of 4 MiB. */
  readonly scratch?: Uint8Array
  /** Kernels bound to the lane's memory: used if `scratch` lies in it too. The result is the same without, only later. */
  readonly kernels?: Kernels
  /** Called before each slab is read; what it throws ends the loading. */
  readonly checkpoint?: () => void
}

export interface LoadReport {
  /** Cells that not all of the constants have: filled so that their frames become NaN with NO_DARK_DATA. */
  readonly missingCells: readonly number[]
  /** Bytes of elements read. */
  readonly bytes: number
}

/**
 * Fills one strip of a lane's constants from the files, transposing from disk order to image order.
 *
 * Every plane of the strip is written, in memory bounded by the scratch. Float planes are the stored number, or
 * the recipe's f64 formula of stored numbers, rounded to f32 once; mask planes are u32.
 * What is read of a constant is held against its checksums, where it has some.
 * @throws ConstantsError naming file, dataset and module if a constant is damaged, lacks a plane, or is a mask with
 * values that are none; RangeError if the planes do not fit the buffer.
 */
export async function loadPlanes(options: LoadOptions): Promise<LoadReport> {
  const { cells, planes, constants, median, slowScan } = options
  const { filled, bySource } = contributionsOf(planes, constants, median)
  const available = Math.min(...[...bySource.keys()].map(cellsOf))
  const lane = new LanePlanes(options, planes.length)
  const missing = planes.map((recipe, plane) => ({ plane, bits: missingBits(recipe) }))
  cells.forEach((cell, k) => {
    for (const { plane, bits } of cell < available ? filled : missing) lane.fill(k, plane, slowScan, bits)
  })

  const scratch = new Scratch(options)
  let bytes = 0
  for (const [source, uses] of bySource)
    bytes += await loadSource(options, lane, scratch, source, uses, available)
  return { missingCells: cells.filter(cell => cell >= available), bytes }
}

/** Reads one constant and writes everything it contributes. @returns bytes read. */
async function loadSource(
  { cells, slowScan, checkpoint }: LoadOptions,
  lane: LanePlanes,
  scratch: Scratch,
  source: ConstantSource,
  uses: readonly Contribution[],
  available: number,
): Promise<number> {
  const wanted = cells.filter(cell => cell < available)
  if (wanted.length === 0) return 0
  const reads = uses.flatMap(use => use.reads)
  const innermost = source.axes.plane === source.shape.length - 1
  const region: Region = {
    slowScan,
    cells: [Math.min(...wanted), Math.max(...wanted) + 1],
    // An innermost plane axis is read with all planes: skipping bytes costs more than reading them.
    planes: innermost ? [0, planesOf(source)] : [Math.min(...reads), Math.max(...reads) + 1],
  }
  const kernels = scratch.kernels && new KernelScatter(scratch.kernels, lane, source, uses)
  const budget = scratch.bytes
  const workspace = scratch.kernels && { ...scratch.kernels, buffer: lane.u32.buffer }
  const verification = Verification.of(source, { region, budget, cells, ...(workspace && { workspace }) })
  const slabs = await openSlabs(source)
  let bytes = 0
  try {
    for (const slab of slabsOf(source, verification?.region ?? region, budget)) {
      checkpoint?.()
      const out = scratch.take(slab.bytes)
      slabs.read(slab.start, slab.count, out)
      verification?.add(slab, out)
      const left = kernels && out.buffer === lane.u32.buffer ? kernels.scatter(slab, out) : uses
      if (left.length > 0) scatter(lane, source, slab, out, left)
      bytes += slab.bytes
    }
  } finally {
    slabs.close()
  }
  await verification?.finish()
  return bytes
}
