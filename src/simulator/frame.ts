import { quantiles } from './model/gauss.js'
import {
  darkLevelOf,
  type ModuleModel,
  photonGainOf,
  RAW_GAIN_SIGMA,
  rawGainOf,
  STAGES,
} from './model/module-model.js'
import { draw, type Key } from './model/random.js'
import { poisson } from './poisson.js'

/** Strong reflections: photons in a hit pixel, evenly spread over the logarithm of this range. */
const REFLECTION = { fewest: 150, most: 10_000 }

/** A module's model in one memory cell, by pixel, shared by all frames of that cell. */
export interface CellModel {
  readonly model: ModuleModel
  readonly offsets: readonly [Float32Array, Float32Array, Float32Array]
  readonly rawGains: readonly [Float32Array, Float32Array, Float32Array]
  readonly photonGains: Float32Array
}

/** Evaluates `model` in `cell` for all pixels. */
export function modelCell(model: ModuleModel, cell: number): CellModel {
  const plane = () => new Float32Array(model.pixels)
  const offsets = [plane(), plane(), plane()] as const
  const rawGains = [plane(), plane(), plane()] as const
  const photonGains = plane()
  for (let pixel = 0; pixel < model.pixels; pixel++) {
    for (const stage of STAGES) {
      offsets[stage][pixel] = darkLevelOf(model, stage, cell, pixel)
      rawGains[stage][pixel] = rawGainOf(model, stage, cell, pixel)
    }
    photonGains[pixel] = photonGainOf(model, cell, pixel)
  }
  return { model, offsets, rawGains, photonGains }
}

/** Light of one frame. */
export interface Light {
  /** Poisson class of each pixel. */
  readonly classes: Uint16Array
  /** Added to the classes: intensity of the pulse. */
  readonly shift: number
  /** Share of pixels that a strong reflection hits. */
  readonly reflections: number
  readonly key: Key
}

export interface FrameTruth {
  readonly photons: Uint16Array
  /** Gain stage the pixel measured in. */
  readonly stages: Uint8Array
}

/**
 * Simulates one raw frame into `raw`, as the detector stores it.
 * @param light undefined: a dark frame.
 * @param forced all pixels in this stage; undefined: adaptive.
 * @param electronics key of the frame's noise.
 * @param truth filled with what was simulated, if given. @param added ADU that the electronics add to each pixel.
 */
export function simulateFrame(
  cell: CellModel,
  light: Light | undefined,
  forced: 0 | 1 | 2 | undefined,
  electronics: Key,
  raw: Uint16Array,
  truth?: FrameTruth,
  added?: Float32Array,
): void {
  const { model } = cell
  const { physics, pixels, noise, ratios, steps, switches } = model
  const { lowRatio } = physics
  const deviates = quantiles()
  for (let pixel = 0; pixel < pixels; pixel++) {
    const photons = light === undefined ? 0 : photonsAt(light, pixel)
    const signal = photons * at(cell.photonGains, pixel)
    const ratio = at(ratios, pixel)

    let stage: 0 | 1 | 2 = forced ?? 0
    // Only a pixel that switches adds the step; one forced into a stage starts there.
    let level = signal
    if (forced === 1) level = signal / ratio
    else if (forced === 2) level = signal / (ratio * lowRatio)
    else if (forced === undefined && at(cell.offsets[0], pixel) + signal > at(switches[0], pixel)) {
      stage = 1
      level = signal / ratio + at(steps, pixel)
      if (at(cell.offsets[1], pixel) + level > at(switches[1], pixel)) {
        stage = 2
        level = signal / (ratio * lowRatio)
      }
    }

    const bits = draw(electronics.a, electronics.b, pixel)
    const own = at(cell.offsets[stage], pixel) + level + at(noise[stage], pixel) * at(deviates, bits & 0xffff)
    const s = added === undefined ? own : own + at(added, pixel)
    const r = at(cell.rawGains[stage], pixel) + RAW_GAIN_SIGMA * at(deviates, bits >>> 16)
    physics.store(raw, pixels, pixel, s, r, stage)
    if (truth) {
      truth.photons[pixel] = photons
      truth.stages[pixel] = stage
    }
  }
}

/** Poisson photons of the pattern; in a few pixels a strong reflection instead. */
function photonsAt(light: Light, pixel: number): number {
  const { key, reflections } = light
  const hit = (draw(key.a, key.b, 2 * pixel) >>> 0) / 2 ** 32
  if (hit < reflections) {
    return Math.round(REFLECTION.fewest * (REFLECTION.most / REFLECTION.fewest) ** (hit / reflections))
  }
  const poissonClass = light.classes[pixel] ?? 0
  // Class 0 is darkness, whatever the pulse.
  return poissonClass === 0
    ? 0
    : poisson(Math.max(1, poissonClass + light.shift), draw(key.a, key.b, 2 * pixel + 1))
}

function at(values: Float32Array, i: number): number {
  return values[i] ?? 0
}
