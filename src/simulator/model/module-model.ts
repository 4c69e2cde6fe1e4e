import { KIND } from './bad-pixels.js'
import { quantiles } from './gauss.js'
import type { Physics, Stages } from './physics.js'
import { draw, type Key } from './random.js'

/** Standard deviation of the raw gain, ADU. */
export const RAW_GAIN_SIGMA = 30

/** Gain stages in the order of every triple below: high, medium, low. */
export const STAGES = [0, 1, 2] as const

/**
 * What one module is like: fixed by the seed and the module's number, the same for all runs, trains and cells unless
 * stated otherwise. Arrays are by pixel, `[slow scan][fast scan]`.
 */
export interface ModuleModel {
  readonly physics: Physics
  readonly pixels: number
  readonly cells: number
  /** Number of the kind in `PIXEL_KINDS`. */
  readonly kinds: Uint8Array
  /** Dark level, ADU, before the cell's part: see {@link darkLevelOf}. */
  readonly offsets: Stages<Float32Array>
  readonly noise: Stages<Float32Array>
  /** Mean raw gain, ADU, without the cell's contribution: see {@link rawGainOf}. */
  readonly rawGains: Stages<Float32Array>
  /** ADU a photon in high gain, without the cell's contribution: see {@link photonGainOf}. */
  readonly photonGains: Float32Array
  /** High-gain signal over medium-gain signal. */
  readonly ratios: Float32Array
  /** Medium-gain signal, ADU, of no photons: the step that switching makes. */
  readonly steps: Float32Array
  /** Analogue levels, ADU, above which the pixel leaves high and medium gain. */
  readonly switches: readonly [Float32Array, Float32Array]
  /** By cell. */
  readonly cellOffsets: Stages<Float32Array>
  readonly cellRawGains: Float32Array
  readonly cellPhotonGains: Float32Array
  readonly cellKeys: readonly Key[]
}

/** Dark level, ADU, of a pixel in a cell and stage; a dead pixel is the same in all cells. */
export function darkLevelOf(model: ModuleModel, stage: 0 | 1 | 2, cell: number, pixel: number): number {
  const level = model.offsets[stage][pixel] ?? 0
  if (model.kinds[pixel] === KIND.dead) return level
  const key = model.cellKeys[cell]
  // 16 bits for high gain, 16 for the others, whose levels move together.
  const bits = key === undefined ? 0 : draw(key.a, key.b, pixel)
  const own = quantiles()[stage === 0 ? bits & 0xffff : bits >>> 16] ?? 0
  return Math.fround(level + (model.cellOffsets[stage][cell] ?? 0) + model.physics.cellPixel * own)
}

/** Mean raw gain, ADU, of a pixel in a cell and stage. */
export function rawGainOf(model: ModuleModel, stage: 0 | 1 | 2, cell: number, pixel: number): number {
  return Math.fround((model.rawGains[stage][pixel] ?? 0) + (model.cellRawGains[cell] ?? 0))
}

/** ADU of one photon in high gain. */
export function photonGainOf(model: ModuleModel, cell: number, pixel: number): number {
  return Math.fround((model.photonGains[pixel] ?? 0) * (model.cellPhotonGains[cell] ?? 0))
}
