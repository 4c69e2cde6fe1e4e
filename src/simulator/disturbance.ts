import { gauss, quantiles } from './model/gauss.js'
import type { SimulationOptions } from './model/options.js'
import { draw, keyOf, uniform } from './model/random.js'

/** Pixels along each side of an ASIC, and memory cells of a row. */
const [SIDE, ROW] = [64, 32]

/** What the electronics add to an image, ADU, in whatever stage. */
export interface Disturbance {
  /** To all pixels of a module. */
  readonly baseline: number
  /** To those of each ASIC, by row of ASICs, then by column. */
  readonly asics: Float32Array
}

interface Place {
  readonly module: number
  readonly trainId: number
  readonly cell: number
}

/** What is added to the image at `place`; undefined: nothing is added to any. */
export function disturbanceOf(options: SimulationOptions, place: Place): Disturbance | undefined {
  const { commonMode = 0, baselineShift = 0, detector, seed, run } = options
  if (commonMode === 0 && baselineShift === 0) return undefined
  const key = keyOf(seed, 'disturbance', run, place.module, place.trainId, place.cell)
  const count = Math.ceil(detector.slowScan / SIDE) * Math.ceil(detector.fastScan / SIDE)
  return {
    baseline: -baselineShift * uniform(key, 0),
    asics: Float32Array.from({ length: count }, (_, asic) => commonMode * gauss(key, asic + 1)),
  }
}

/**
 * ADU added to each pixel of the image at `place`; undefined: nothing. Beside its {@link disturbanceOf} a pixel has a drift
 * that is the same in all images of a row of 32 cells, as large as the common mode.
 */
export function addedTo(options: SimulationOptions, place: Place): Float32Array | undefined {
  const disturbance = disturbanceOf(options, place)
  if (disturbance === undefined) return undefined
  const { commonMode = 0, detector, seed, run } = options
  const { slowScan, fastScan } = detector
  const { a, b } = keyOf(seed, 'drift', run, place.module, Math.floor(place.cell / ROW))
  const columns = Math.ceil(fastScan / SIDE)
  const deviates = quantiles()
  return Float32Array.from({ length: slowScan * fastScan }, (_, pixel) => {
    const asic = Math.floor(pixel / fastScan / SIDE) * columns + Math.floor((pixel % fastScan) / SIDE)
    const drift = commonMode * (deviates[draw(a, b, pixel) & 0xffff] ?? 0)
    return disturbance.baseline + (disturbance.asics[asic] ?? 0) + drift
  })
}
