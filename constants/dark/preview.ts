import type { Detector } from '../../src/detectors/detector.js'
import { type PlaneStore, stagePlanes } from './planes.js'
import type { DarkRecipe } from './recipe.js'
import type { KernelWorkspace } from './workspace.js'

/** A map shows blocks of BIN × BIN pixels, as the kernels sum them. */
export const BIN = 4

/** A module's plane, averaged over cells and blocks of pixels: `[row][column]`, rows along slow scan. */
export interface DarkMap {
  readonly rows: number
  readonly columns: number
  /** NaN where nothing is finite. */
  readonly values: Float32Array
}

/** Counts of values in equal steps; the values outside are counted at the ends. */
export interface Histogram {
  readonly from: number
  readonly step: number
  readonly counts: readonly number[]
  readonly below: number
  readonly above: number
}

/** What a stage of a module looks like, all cells together. */
export interface StagePreview {
  readonly offset: DarkMap
  readonly noise: DarkMap
  /** Share of bad (pixel, cell). */
  readonly bad: DarkMap
  readonly histograms: { readonly offset: Histogram; readonly noise: Histogram }
}

/** Fine steps of a histogram, before the range of the values is known. */
const FINE = 65_536
const STEPS = 64
/** Share of the values that may be outside a histogram at either end, before it is widened slightly. */
const TAIL = 1e-3

/** The workspace that {@link previewStage} needs: fine steps, then a sum and a count a block of pixels. */
export function previewBytes(detector: Shape): number {
  const { rows, columns } = blocksOf(detector)
  return 4 * FINE + 12 * rows * columns
}

/**
 * Previews the planes of one stage.
 * @param workspace {@link previewBytes} in the memory of `store`.
 */
export function previewStage(
  detector: Detector,
  recipe: DarkRecipe,
  store: PlaneStore,
  cells: number,
  stage: number,
  workspace: KernelWorkspace,
): StagePreview {
  const { kernels, buffer, at } = workspace
  const { slowScan, fastScan } = detector
  const { rows, columns } = blocksOf(detector)
  const steps = new Uint32Array(buffer, at, FINE)
  const sums = new Float64Array(buffer, at + 4 * FINE, rows * columns)
  const counts = new Uint32Array(buffer, sums.byteOffset + sums.byteLength, rows * columns)
  const planes = Array.from({ length: cells }, (_, cell) => stagePlanes(store, recipe, cell, stage))
  const values = (quantity: 'offset' | 'noise', scale: number) => {
    for (const array of [steps, sums, counts]) array.fill(0)
    for (const { [quantity]: plane } of planes) {
      kernels.addBlocks(plane.byteOffset, slowScan, fastScan, sums.byteOffset, counts.byteOffset)
      kernels.countSteps(plane.byteOffset, plane.length, scale, steps.byteOffset)
    }
    return { map: meanMap(detector, sums, counts), histogram: histogramOf(steps, scale) }
  }
  const offset = values('offset', 1)
  const noise = values('noise', 64)
  counts.fill(0)
  for (const { bad } of planes) kernels.countBlocks(bad.byteOffset, slowScan, fastScan, counts.byteOffset)
  const evaluated = blockPixels(detector).map(pixels => pixels * cells)
  return {
    offset: offset.map,
    noise: noise.map,
    bad: meanMap(detector, counts, evaluated),
    histograms: { offset: offset.histogram, noise: noise.histogram },
  }
}

type Shape = Pick<Detector, 'slowScan' | 'fastScan'>

function blocksOf({ slowScan, fastScan }: Shape): { rows: number; columns: number } {
  return { rows: Math.ceil(slowScan / BIN), columns: Math.ceil(fastScan / BIN) }
}

/** Pixels of each block: fewer at the edge of a module that is not a whole number of blocks. */
function blockPixels(shape: Shape): Float64Array {
  const { rows, columns } = blocksOf(shape)
  return Float64Array.from({ length: rows * columns }, (_, i) => {
    const height = Math.min(BIN, shape.slowScan - BIN * Math.floor(i / columns))
    return height * Math.min(BIN, shape.fastScan - BIN * (i % columns))
  })
}

/** Means by block of pixels. */
function meanMap(shape: Shape, sums: ArrayLike<number>, counts: ArrayLike<number>): DarkMap {
  const values = new Float32Array(sums.length)
  for (let block = 0; block < values.length; block++)
    values[block] = (sums[block] ?? Number.NaN) / (counts[block] ?? 0)
  return { ...blocksOf(shape), values }
}

/** Sums values by block of pixels, one by one. */
export class MapSums {
  readonly #shape: Shape
  readonly #columns: number
  readonly #sums: Float64Array
  readonly #counts: Uint32Array

  constructor(shape: Shape) {
    const { rows, columns } = blocksOf(shape)
    this.#shape = shape
    this.#columns = columns
    this.#sums = new Float64Array(rows * columns)
    this.#counts = new Uint32Array(rows * columns)
  }

  /** Adds `value`, which is finite, to the block of a pixel. */
  add(slowScan: number, fastScan: number, value: number): void {
    const block = Math.floor(slowScan / BIN) * this.#columns + Math.floor(fastScan / BIN)
    this.#sums[block] = (this.#sums[block] ?? 0) + value
    this.#counts[block] = (this.#counts[block] ?? 0) + 1
  }

  map(): DarkMap {
    return meanMap(this.#shape, this.#sums, this.#counts)
  }
}

/** A histogram of equal steps over the range of nearly all values, from counts in fine steps of 1 / `scale`. */
function histogramOf(fine: Uint32Array, scale: number): Histogram {
  const sum = (from: number, to: number) => {
    let total = 0
    for (let step = from; step < Math.min(to, FINE); step++) total += fine[step] ?? 0
    return total
  }
  const total = sum(0, FINE)
  const quantile = (share: number): number => {
    let step = 0
    for (let n = fine[0] ?? 0; n < share * total && step < FINE - 1; ) n += fine[++step] ?? 0
    return step
  }
  const low = quantile(TAIL)
  const high = quantile(1 - TAIL)
  const width = Math.max(1, Math.ceil((1.2 * (high - low + 1)) / STEPS))
  const from = Math.max(0, low - Math.ceil(0.1 * (high - low)))
  const end = from + STEPS * width
  return {
    from: from / scale,
    step: width / scale,
    counts: Array.from({ length: STEPS }, (_, i) => sum(from + i * width, from + (i + 1) * width)),
    below: sum(0, from),
    above: sum(end, FINE),
  }
}
