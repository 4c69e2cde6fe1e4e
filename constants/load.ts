import type { PlaneRecipe } from '../src/corrections/planes.js'
import { type Detector, pixelsOf } from '../src/detectors/detector.js'
import { badPixelMask } from './bad-pixels.js'
import { type Block, blocksOf, type Range, type Region } from './blocks.js'
import { elementsOf } from './elements.js'
import { type Contribution, type Contributions, contributionsOf } from './recipes.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from './source.js'

/** Where a lane keeps a module's constants, and what they are made of. */
export interface LoadOptions {
  readonly detector: Detector
  /** Memory of the lane. Plane j of the cell at position k is at `base + (k · planes + j) · pixels · 4`. */
  readonly buffer: ArrayBufferLike
  /** Byte offset of the constants, a multiple of 4. */
  readonly base: number
  /** Cell ids the run uses, in the lane's order. */
  readonly cells: readonly number[]
  /** What each plane of a cell is, in the lane's order. */
  readonly planes: readonly PlaneRecipe[]
  /** The constants that `planes` name, by calibration. */
  readonly constants: ReadonlyMap<string, ConstantSource>
  /** Slow-scan rows to load: several workers load one module, each its strip. */
  readonly slowScan: Range
  /** {@link finiteMedian} of SlopesFF, where a plane is `xray-gain`. */
  readonly median?: number
  /** Room for what is read at once; shared memory will do. Absent: a private buffer of 8 MiB. */
  readonly scratch?: Uint8Array
  /** Called before each block is read; what it throws ends the loading. */
  readonly checkpoint?: () => void
}

export interface LoadReport {
  /** Cells that not all of the constants have: filled so that their frames become NaN with NO_DARK_DATA. */
  readonly missingCells: readonly number[]
  /** Bytes of elements read. */
  readonly bytes: number
}

/** A private scratch buffer: enough for reads to run at full speed, small beside a lane. */
export const SCRATCH_BYTES = 8 * 2 ** 20

/**
 * Fills one strip of a lane's constants from the files, transposing from disk order to image order.
 *
 * Every plane of the strip is written, in memory bounded by the scratch room. Float planes are the stored number, or
 * the recipe's f64 formula of stored numbers, rounded to f32 once; mask planes are u32.
 * @throws ConstantsError naming file, dataset and module if a constant is damaged, lacks a plane, or is a mask with
 * values that are none; RangeError if the planes do not fit the buffer.
 */
export async function loadPlanes(options: LoadOptions): Promise<LoadReport> {
  const { cells, planes, constants, median } = options
  const contributions = contributionsOf(planes, constants, median)
  const available = Math.min(...[...contributions.bySource.keys()].map(cellsOf))
  const lane = new Lane(options)
  lane.fill(contributions, available)
  const room = new Scratch(options.scratch)

  let bytes = 0
  for (const [source, uses] of contributions.bySource)
    bytes += await loadSource(options, lane, room, source, uses, available)
  return { missingCells: cells.filter(cell => cell >= available), bytes }
}

/** Reads one constant and writes everything it contributes. @returns bytes read. */
async function loadSource(
  { cells, slowScan, checkpoint }: LoadOptions,
  lane: Lane,
  room: Scratch,
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
  const slabs = await openSlabs(source)
  let bytes = 0
  try {
    for (const block of blocksOf(source, region, room.bytes)) {
      checkpoint?.()
      const out = room.take(block.bytes)
      slabs.read(block.start, block.count, out)
      lane.scatter(source, block, out, uses)
      bytes += block.bytes
    }
  } finally {
    slabs.close()
  }
  return bytes
}

/** Room to read into: the caller's where it suffices. */
class Scratch {
  readonly bytes: number
  #room: Uint8Array

  constructor(given: Uint8Array | undefined) {
    // Views of 8-byte elements want an aligned start.
    const skip = given === undefined ? 0 : -given.byteOffset & 7
    this.#room = given === undefined ? new Uint8Array(SCRATCH_BYTES) : given.subarray(skip)
    this.bytes = this.#room.byteLength
  }

  take(bytes: number): Uint8Array {
    // Only a single element with all its planes can exceed the room: at most a few hundred bytes.
    if (bytes > this.#room.byteLength) this.#room = new Uint8Array(bytes)
    return this.#room.subarray(0, bytes)
  }
}

/** The constants' part of a lane's memory, written in 32-bit words. */
class Lane {
  readonly #options: LoadOptions
  readonly #f32: Float32Array
  readonly #u32: Uint32Array
  /** Positions in the lane of each cell id. */
  readonly #positions = new Map<number, number[]>()

  constructor(options: LoadOptions) {
    const { buffer, base, cells, planes, detector } = options
    const words = cells.length * planes.length * pixelsOf(detector)
    this.#options = options
    this.#f32 = new Float32Array(buffer, base, words)
    this.#u32 = new Uint32Array(buffer, base, words)
    cells.forEach((cell, k) => {
      this.#positions.set(cell, [...(this.#positions.get(cell) ?? []), k])
    })
  }

  /** Writes the planes that need no constant, and all planes of the cells from `available` on, which have none. */
  fill({ filled }: Contributions, available: number): void {
    const { cells, planes } = this.#options
    cells.forEach((cell, k) => {
      const bits =
        cell < available ? filled : planes.map((recipe, plane) => ({ plane, bits: missingBits(recipe) }))
      for (const fill of bits) this.#fillPlane(k, fill.plane, fill.bits)
    })
  }

  /** Writes what `uses` make of one block of `source`. Destination rows are contiguous along the fast scan. */
  scatter(source: ConstantSource, block: Block, bytes: Uint8Array, uses: readonly Contribution[]): void {
    const { axes } = source
    const { strides, gather } = elementsOf(source, block, bytes)
    const [stepFast, stepSlow, stepCell] = [axes.fastScan, axes.slowScan, axes.cell].map(
      axis => strides[axis] ?? 0,
    )
    const stepPlane = axes.plane < 0 ? 0 : (strides[axes.plane] ?? 0)
    const firstPlane = axes.plane < 0 ? 0 : (block.start[axes.plane] ?? 0)
    const [firstFast = 0, fastCount = 0] = [block.start[axes.fastScan], block.count[axes.fastScan]]
    const [firstSlow = 0, slowCount = 0] = [block.start[axes.slowScan], block.count[axes.slowScan]]
    const [firstCell = 0, cellCount = 0] = [block.start[axes.cell], block.count[axes.cell]]
    const width = this.#options.detector.fastScan
    const most = Math.max(...uses.map(use => use.reads.length))
    const rows = Array.from({ length: most }, () => new Float64Array(fastCount))

    // Slow scan outermost: the cache lines of a row of pixels serve all cells and planes that share them.
    for (let slow = 0; slow < slowCount; slow++) {
      const pixel = (firstSlow + slow) * width + firstFast
      for (let cell = 0; cell < cellCount; cell++) {
        const positions = this.#positions.get(firstCell + cell)
        if (positions === undefined) continue
        const from = slow * (stepSlow ?? 0) + cell * (stepCell ?? 0)
        for (const use of uses) {
          use.reads.forEach((plane, i) => {
            const row = rows[i]
            if (row) gather(from + (plane - firstPlane) * stepPlane, stepFast ?? 0, fastCount, row)
          })
          for (const k of positions)
            use.write(rows, fastCount, this.#f32, this.#u32, this.#word(k, use.plane) + pixel)
        }
      }
    }
  }

  #fillPlane(k: number, plane: number, bits: number): void {
    const { slowScan, detector } = this.#options
    const at = this.#word(k, plane)
    this.#u32.fill(bits, at + slowScan[0] * detector.fastScan, at + slowScan[1] * detector.fastScan)
  }

  /** Index of the first word of a plane of the cell at position `k`. */
  #word(k: number, plane: number): number {
    return (k * this.#options.planes.length + plane) * pixelsOf(this.#options.detector)
  }
}

const NAN_F32 = 0x7fc00000
const INFINITY_F32 = 0x7f800000

/**
 * What a plane holds for a cell without constants: NaN in every term and factor makes the result NaN, infinite
 * thresholds never switch, the mask says NO_DARK_DATA. Planes of steps that are off stay neutral.
 */
function missingBits(recipe: PlaneRecipe): number {
  switch (recipe.kind) {
    case 'fill':
      return recipe.bits
    case 'bad-pixels':
      return badPixelMask('NO_DARK_DATA')
    case 'medium-threshold':
    case 'low-threshold':
      return INFINITY_F32
    case 'value':
      return recipe.calibration === 'ThresholdsDark' ? INFINITY_F32 : NAN_F32
    default:
      return NAN_F32
  }
}
