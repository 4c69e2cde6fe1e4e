import type { Detector } from '../detectors/detector.js'
import { pixelsOf } from '../detectors/detector.js'
import type { ModuleIndex } from '../model/ids.js'
import { drawKinds, KIND } from './bad-pixels.js'
import { GAUSS, gauss } from './gauss.js'
import { physicsOf } from './physics/index.js'
import type { Physics, Stages } from './physics/physics.js'
import { draw, type Key, keyOf } from './random.js'

/** Standard deviation of the raw gain, ADU. */
export const RAW_GAIN_SIGMA = 30

/** Gain stages in the order of every triple below: high, medium, low. */
export const STAGES = [0, 1, 2] as const

/**
 * What one module is like: fixed by the seed and the module's number, the same for all runs, trains and cells
 * unless it says so. Arrays are by pixel, `[slow scan][fast scan]`.
 */
export interface ModuleModel {
  readonly physics: Physics
  readonly pixels: number
  readonly cells: number
  /** Number of the kind in `PIXEL_KINDS`. */
  readonly kinds: Uint8Array
  /** Dark level, ADU, before the cell's part: see {@link offsetOf}. */
  readonly offsets: Stages<Float32Array>
  readonly noise: Stages<Float32Array>
  /** Mean raw gain, ADU, before the cell's part: see {@link rawGainOf}. */
  readonly rawGains: Stages<Float32Array>
  /** ADU a photon in high gain, before the cell's part: see {@link photonGainOf}. */
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

/** The model of a module for `cells` memory cells and photons of `energy` keV. Cells do not depend on their number. */
export function modelModule(
  detector: Detector,
  module: ModuleIndex,
  cells: number,
  energy: number,
  seed: number,
): ModuleModel {
  const physics = physicsOf(detector)
  const pixels = pixelsOf(detector)
  const plane = () => new Float32Array(pixels)
  const model = {
    physics,
    pixels,
    cells,
    kinds: drawKinds(pixels, keyOf(seed, 'badPixel', module), physics.kinds),
    offsets: [plane(), plane(), plane()],
    noise: [plane(), plane(), plane()],
    rawGains: [plane(), plane(), plane()],
    photonGains: plane(),
    ratios: plane(),
    steps: plane(),
    switches: [plane(), plane()],
    ...modelCells(physics, module, cells, seed),
  } as const satisfies ModuleModel
  const key = keyOf(seed, 'pixel', module)
  const whole = keyOf(seed, 'module', module)
  // Deviates that all pixels of an ASIC (64 × 64) share, behind that of the module.
  const asicColumns = Math.ceil(detector.fastScan / 64)
  const photonAdu = physics.aduPerKev * energy
  const [high, medium, low] = physics.stages
  for (let pixel = 0; pixel < pixels; pixel++) {
    const ss = Math.floor(pixel / detector.fastScan)
    const fs = pixel % detector.fastScan
    const asic = 1 + (ss >> 6) * asicColumns + (fs >> 6)
    const z = (n: number) => gauss(key, pixel * 12 + n)
    const smooth = Math.sin(ss / 90 + module) + Math.cos(fs / 40 - module)
    const level = 60 * gauss(whole, 0) + 40 * gauss(whole, asic) + 60 * smooth

    model.offsets[0][pixel] = high.level + high.shared * level + high.spread * z(0)
    model.offsets[1][pixel] = medium.level + medium.shared * level + medium.spread * z(1)
    model.offsets[2][pixel] = low.level + low.shared * level + low.spread * z(2)
    model.noise[0][pixel] = high.noise + high.noiseSmooth * smooth + high.noiseSpread * z(3)
    model.noise[1][pixel] = medium.noise + medium.noiseSmooth * smooth + medium.noiseSpread * z(4)
    model.noise[2][pixel] = low.noise + low.noiseSmooth * smooth + low.noiseSpread * z(5)
    const shared = 80 * z(6)
    model.rawGains[0][pixel] = physics.rawGains[0] + shared
    model.rawGains[1][pixel] = physics.rawGains[1] + shared + 20 * z(7)
    model.rawGains[2][pixel] = physics.rawGains[2] + shared + 20 * z(8)
    model.photonGains[pixel] = photonAdu * (1 + 0.01 * gauss(whole, 64 + asic) + 0.03 * z(9))
    model.ratios[pixel] = physics.mediumRatio * (1 + 0.02 * z(10))
    model.steps[pixel] = physics.stepSpread * z(11)
    model.switches[0][pixel] = physics.switches[0]
    model.switches[1][pixel] = physics.switches[1]
    if (model.kinds[pixel] !== KIND.good) damage(model, pixel)
  }
  return model
}

function modelCells({ stages }: Physics, module: ModuleIndex, cells: number, seed: number) {
  const key = keyOf(seed, 'cell', module)
  const deviates = (n: number, scale: number) =>
    Float32Array.from({ length: cells }, (_, cell) => scale * gauss(key, cell * 8 + n))
  return {
    cellOffsets: [deviates(0, stages[0].cells), deviates(1, stages[1].cells), deviates(2, stages[2].cells)],
    cellRawGains: deviates(3, 15),
    cellPhotonGains: deviates(4, 0.005).map(deviate => 1 + deviate),
    cellKeys: Array.from({ length: cells }, (_, cell) => keyOf(seed, 'cellPixel', module, cell)),
  } as const
}

/** What its kind does to a pixel. */
function damage(model: ModuleModel, pixel: number): void {
  const kind = model.kinds[pixel]
  const { bad } = model.physics
  for (const stage of STAGES) {
    if (kind === KIND.dead) {
      model.offsets[stage][pixel] = bad.level
      model.noise[stage][pixel] = bad.noise
      model.photonGains[pixel] = 0
    } else if (kind === KIND.hot) {
      const level = model.offsets[stage][pixel] ?? 0
      model.offsets[stage][pixel] = level + bad.hot
    } else if (kind === KIND.noisy) {
      const sigma = model.noise[stage][pixel] ?? 0
      model.noise[stage][pixel] = bad.noisy * sigma
    } else if (kind === KIND.stuck) {
      model.rawGains[stage][pixel] = model.rawGains[1][pixel] ?? 0
    }
  }
  if (kind === KIND.gap) model.rawGains[2][pixel] = (model.rawGains[1][pixel] ?? 0) + 60
}

/** Dark level, ADU, of a pixel in a cell and stage; a dead pixel knows no cells. */
export function offsetOf(model: ModuleModel, stage: 0 | 1 | 2, cell: number, pixel: number): number {
  const level = model.offsets[stage][pixel] ?? 0
  if (model.kinds[pixel] === KIND.dead) return level
  const key = model.cellKeys[cell]
  // 16 bits for high gain, 16 for the others, whose levels move together.
  const bits = key === undefined ? 0 : draw(key.a, key.b, pixel)
  const own = GAUSS[stage === 0 ? bits & 0xffff : bits >>> 16] ?? 0
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
