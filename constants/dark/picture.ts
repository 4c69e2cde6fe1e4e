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
  const [offset, noise, bad] = [new MapSums(detector), new MapSums(detector), new MapSums(detector)]
  const offsets = new FineHistogram(1)
  const noises = new FineHistogram(64)
  for (let cell = 0; cell < cells; cell++) {
    const planes = stagePlanes(store, recipe, cell, stage)
    offset.addPlane(planes.offset)
    noise.addPlane(planes.noise)
    bad.addFlags(planes.bad)
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

/** Means of finite values by block of pixels. Summed by pixel first: in order, without a look at where it lies. */
export class MapSums {
  readonly #slowScan: number
  readonly #fastScan: number
  readonly #sums: Float64Array
  readonly #counts: Uint32Array

  constructor({ slowScan, fastScan }: Pick<Detector, 'slowScan' | 'fastScan'>) {
    this.#slowScan = slowScan
    this.#fastScan = fastScan
    this.#sums = new Float64Array(slowScan * fastScan)
    this.#counts = new Uint32Array(slowScan * fastScan)
  }

  /** Adds `value` to the block that `pixel` lies in, unless it is not finite. */
  add(pixel: number, value: number): void {
    if (value - value !== 0) return
    this.#sums[pixel] = (this.#sums[pixel] ?? 0) + value
    this.#counts[pixel] = (this.#counts[pixel] ?? 0) + 1
  }

  /** Adds a value of every pixel. */
  addPlane(values: Float32Array): void {
    const [sums, counts] = [this.#sums, this.#counts]
    for (let pixel = 0; pixel < values.length; pixel++) {
      const value = values[pixel] ?? 0
      if (value - value !== 0) continue
      sums[pixel] = (sums[pixel] ?? 0) + value
      counts[pixel] = (counts[pixel] ?? 0) + 1
    }
  }

  /** Adds 1 for every pixel whose word is not 0, 0 for the others. */
  addFlags(words: Uint32Array): void {
    const [sums, counts] = [this.#sums, this.#counts]
    for (let pixel = 0; pixel < words.length; pixel++) {
      if (words[pixel] !== 0) sums[pixel] = (sums[pixel] ?? 0) + 1
      counts[pixel] = (counts[pixel] ?? 0) + 1
    }
  }

  map(): DarkMap {
    const [pixelSums, pixelCounts, fastScan] = [this.#sums, this.#counts, this.#fastScan]
    const rows = Math.ceil(this.#slowScan / BIN)
    const columns = Math.ceil(fastScan / BIN)
    const sums = new Float64Array(rows * columns)
    const counts = new Float64Array(rows * columns)
    for (let pixel = 0; pixel < pixelSums.length; pixel++) {
      const ss = Math.floor(pixel / fastScan)
      const bin = Math.floor(ss / BIN) * columns + Math.floor((pixel - ss * fastScan) / BIN)
      sums[bin] = (sums[bin] ?? 0) + (pixelSums[pixel] ?? 0)
      counts[bin] = (counts[bin] ?? 0) + (pixelCounts[pixel] ?? 0)
    }
    return { rows, columns, values: Float32Array.from(sums, (sum, bin) => sum / (counts[bin] ?? 0)) }
  }
}

const FINE = 65536
const STEPS = 64
/** Share of the values that may lie outside of a histogram at either end, before it is widened a little. */
const TAIL = 1e-3

/** Counts in fine steps first: where the values lie shows only when all are in. */
class FineHistogram {
  readonly #counts = new Uint32Array(FINE)
  readonly #scale: number
  #total = 0

  /** @param scale fine steps in one unit; values are 0 … 65536 / scale. */
  constructor(scale: number) {
    this.#scale = scale
  }

  addPlane(values: Float32Array): void {
    const [counts, scale] = [this.#counts, this.#scale]
    let total = 0
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0
      if (value - value !== 0) continue
      const step = value <= 0 ? 0 : value * scale < FINE ? (value * scale) | 0 : FINE - 1
      counts[step] = (counts[step] ?? 0) + 1
      total++
    }
    this.#total += total
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
