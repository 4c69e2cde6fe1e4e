import { bitsOf, KIND } from './bad-pixels.js'
import { darkLevelOf, type ModuleModel, STAGES } from './module-model.js'
import type { SimulatedConstant } from './simulated-detector.js'

/** Constants of one plane a gain stage, for the first `stages` of them. */
export function planeByStage(
  calibration: string,
  stages: 1 | 3,
  value: (stage: 0 | 1 | 2, cell: number, pixel: number) => number,
): SimulatedConstant {
  const all = STAGES.slice(0, stages)
  return {
    calibration,
    planes: stages,
    fill: (pixel, cell, out, at) => {
      for (const stage of all) out[at + stage] = value(stage, cell, pixel)
    },
  }
}

/** Offset and Noise: the truth, but NaN for pixels that cannot be characterised. */
export function darkPlanes(model: ModuleModel, stages: 1 | 3): SimulatedConstant[] {
  const uncalibrated = (pixel: number) => model.kinds[pixel] === KIND.uncalibrated
  return [
    planeByStage('Offset', stages, (stage, cell, pixel) =>
      uncalibrated(pixel) ? Number.NaN : darkLevelOf(model, stage, cell, pixel),
    ),
    planeByStage('Noise', stages, (stage, _, pixel) =>
      uncalibrated(pixel) ? Number.NaN : (model.noise[stage][pixel] ?? 0),
    ),
  ]
}

/** Bad pixels as the calibration finds them. */
export function bitPlanes(
  model: ModuleModel,
  calibration: 'BadPixelsDark' | 'BadPixelsPC' | 'BadPixelsFF',
  stages: 1 | 3,
): SimulatedConstant {
  return planeByStage(
    calibration,
    stages,
    (stage, _, pixel) => bitsOf(calibration, model.kinds[pixel] ?? 0)[stage],
  )
}
