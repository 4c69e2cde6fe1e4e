import type { Detector } from '../../src/detectors/detector.js'
import { type PlaneStore, stagePlanes } from './planes.js'
import type { DarkRecipe } from './recipe.js'

/** A map shows blocks of BIN × BIN pixels. */
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
export interface StagePicture {
  readonly offset: DarkMap
  readonly noise: DarkMap
  /** Share of bad (pixel, cell). */
  readonly bad: DarkMap
  readonly histograms: { readonly offset: Histogram; readonly noise: Histogram }
}

/** Pictures the planes of one stage. */
export function pictureStage(
  detector: Detector,
  recipe: DarkRecipe,
  store: PlaneStore,
  cells: number,
  stage: number,
): StagePicture {
  const offset = new MapSums(detector)
  const noise = new MapSums(detector)
  const bad = new MapSums(detector)
  const offsets = new FineHistogram(1)
  const noises = new FineHistogram(64)
  for (let cell = 0; cell < cells; cell++) {
    const planes = stagePlanes(store, recipe, cell, stage)
    offset.addPlane(planes.offset)
    noise.addPlane(planes.noise)
    bad.addPlane(planes.bad.map(mask => (mask === 0 ? 0 : 1)))
    offsets.addPlane(planes.offset)
    noises.addPlane(planes.noise)
  }
  return {
    offset: offset.map(),
    noise: noise.map(),
    bad: bad.map(),
    histograms: { offset: offsets.histogram(), noise: noises.histogram() },
  }
}

/** Means of finite values by block of pixels. */
export class MapSums {
  /** Number of the block of each pixel. */
  readonly #bins: Uint32Array
  readonly #rows: number
  readonly #columns: number
  readonly #sums: Float64Array
  readonly #counts: Float64Array

  constructor({ slowScan, fastScan }: Pick<Detector, 'slowScan' | 'fastScan'>) {
    this.#rows = Math.ceil(slowScan / BIN)
    this.#columns = Math.ceil(fastScan / BIN)
    this.#bins = Uint32Array.from({ length: slowScan * fastScan }, (_, pixel) => {
      const row = Math.floor(pixel / fastScan / BIN)
      return row * this.#columns + Math.floor((pixel % fastScan) / BIN)
    })
    this.#sums = new Float64Array(this.#rows * this.#columns)
    this.#counts = new Float64Array(this.#sums.length)
  }

  /** Adds `value` to the block that `pixel` lies in, unless it is not finite. */
  add(pixel: number, value: number): void {
    if (value - value !== 0) return
    const bin = this.#bins[pixel] ?? 0
    this.#sums[bin] = (this.#sums[bin] ?? 0) + value
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1
  }

  /** Adds a value of every pixel. */
  addPlane(values: Float32Array | Uint32Array): void {
    for (let pixel = 0; pixel < values.length; pixel++) this.add(pixel, values[pixel] ?? 0)
  }

  map(): DarkMap {
    const values = Float32Array.from(this.#sums, (sum, bin) => sum / (this.#counts[bin] ?? 0))
    return { rows: this.#rows, columns: this.#columns, values }
  }
}

const FINE = 65536
const STEPS = 64
/** Share of the values that may lie outside of a histogram at either end, before it is widened a little. */
const TAIL = 1e-3

/** Counts in fine steps first: where the values lie shows only when all are in. */
class FineHistogram {
  readonly #counts = new Float64Array(FINE)
  readonly #scale: number
  #total = 0

  /** @param scale fine steps in one unit; values are 0 … 65536 / scale. */
  constructor(scale: number) {
    this.#scale = scale
  }

  addPlane(values: Float32Array): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0
      if (value - value !== 0) continue
      const step = Math.max(0, Math.min(FINE - 1, Math.floor(value * this.#scale)))
      this.#counts[step] = (this.#counts[step] ?? 0) + 1
      this.#total++
    }
  }

  histogram(): Histogram {
    const low = this.#quantile(TAIL)
    const high = this.#quantile(1 - TAIL)
    const width = Math.max(1, Math.ceil((1.2 * (high - low + 1)) / STEPS))
    const from = Math.max(0, low - Math.ceil(0.1 * (high - low)))
    const counts = Array.from({ length: STEPS }, (_, i) =>
      this.#sum(from + i * width, from + (i + 1) * width),
    )
    return {
      from: from / this.#scale,
      step: width / this.#scale,
      counts,
      below: this.#sum(0, from),
      above: this.#sum(from + STEPS * width, FINE),
    }
  }

  #quantile(share: number): number {
    let step = 0
    for (let sum = this.#counts[0] ?? 0; sum < share * this.#total && step < FINE - 1; )
      sum += this.#counts[++step] ?? 0
    return step
  }

  #sum(from: number, to: number): number {
    return this.#counts.subarray(from, to).reduce((sum, count) => sum + count, 0)
  }
}
