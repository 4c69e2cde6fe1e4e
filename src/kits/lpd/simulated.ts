import { memoryCells } from '../../../constants/model/conditions.js'
import { KIND } from '../../simulator/model/bad-pixels.js'
import type { ModuleModel } from '../../simulator/model/module-model.js'
import type { SimulatedDetector } from '../../simulator/model/simulated-detector.js'
import { bitPlanes, darkPlanes, planeByStage } from '../../simulator/model/stage-constants.js'
import { LPD_PHYSICS } from './physics.js'

/** Volts. */
const BIAS = 250
/** Picofarad. */
const CAPACITOR = 5
const CATEGORY = 0

/** LPD: three stages of 1 : 10 : 100, marked by two bits, or in parallel gain by the position of the frame. */
export const LPD_SIMULATED: SimulatedDetector = {
  physics: LPD_PHYSICS,

  constants(model: ModuleModel) {
    const { kinds, ratios, photonGains, cellPhotonGains } = model
    const [mean, good] = photonGains.reduce(
      ([sum, count], gain) => (gain > 0 ? [sum + gain, count + 1] : [sum, count]),
      [0, 0] as readonly [number, number],
    )
    return [
      ...darkPlanes(model, 3),
      bitPlanes(model, 'BadPixelsDark', 3),
      planeByStage('RelativeGain', 3, (stage, _, pixel) =>
        stage === 0 ? 1 : (ratios[pixel] ?? 0) * (stage === 1 ? 1 : LPD_PHYSICS.lowRatio),
      ),
      // What amplification varies by from cell to cell, and what sensitivity does from pixel to pixel.
      planeByStage('GainAmpMap', 3, (_, cell) => 1 / (cellPhotonGains[cell] ?? 1)),
      planeByStage('FFMap', 3, (_, __, pixel) => {
        const dark = kinds[pixel] === KIND.unlit || kinds[pixel] === KIND.dead
        return dark ? Number.NaN : mean / good / (photonGains[pixel] ?? 0)
      }),
      bitPlanes(model, 'BadPixelsFF', 3),
    ]
  },

  conditionsOf({ detector, cells, energy, parallelGain = false }) {
    return {
      'Sensor Bias Voltage': BIAS,
      'Memory cells': memoryCells(detector, cells),
      'Pixels X': detector.slowScan,
      'Pixels Y': detector.fastScan,
      'Feedback capacitor': CAPACITOR,
      'Parallel gain': Number(parallelGain),
      'Source Energy': energy,
      category: CATEGORY,
    }
  },

  controls({ detector, stage, parallelGain = false }) {
    return [
      {
        name: `${detector.karaboId}/COMP/FEM_MDL_COMP`,
        properties: {
          femAsicGain: { dtype: 'i4', value: stage ?? 0 },
          femAsicGainOverride: { dtype: 'u1', value: Number(parallelGain) },
        },
      },
    ]
  },
}
