import { memoryCells } from '../../../constants/model/conditions.js'
import type { ControlValue } from '../../exdf/description.js'
import { KIND } from '../../simulator/model/bad-pixels.js'
import { type ModuleModel, photonGainOf, rawGainOf } from '../../simulator/model/module-model.js'
import type { SimulationOptions } from '../../simulator/model/options.js'
import type { SimulatedDetector } from '../../simulator/model/simulated-detector.js'
import { bitPlanes, darkPlanes } from '../../simulator/model/stage-constants.js'
import { REPETITION_RATE } from '../../simulator/model/timeline.js'
import { AGIPD_PHYSICS } from './physics.js'

/** Slope of the pulse-capacitor scan in high gain, ADU a step. */
const PC_SLOPE = 30

/** Volts. */
const BIAS = 300
/** The integration time that CalCat takes for granted. */
const INTEGRATION_TIME = 12
const GAIN_SETTING = 0
/** Patterns of the FPGA: dark runs force a stage (1 high … 3 low), data are taken with 4. */
const DATA_PATTERN = 4
/** `setupr` of gain setting 0 with the data pattern, and with the others. */
const SETUP = { data: 32, dark: 0 }
const SUPPLY_CHANNELS = 4

/** AGIPD: adaptive gain, indicated by an analogue raw gain; pulse-capacitor and flat-field constants. */
export const AGIPD_SIMULATED: SimulatedDetector = {
  physics: AGIPD_PHYSICS,

  constants(model: ModuleModel) {
    const { kinds, ratios, steps } = model
    return [
      ...darkPlanes(model, 3),
      {
        calibration: 'ThresholdsDark',
        planes: 5,
        fill: (pixel, cell, out, at) => {
          const [high, medium, low] =
            kinds[pixel] === KIND.uncalibrated
              ? [Number.NaN, Number.NaN, Number.NaN]
              : [
                  rawGainOf(model, 0, cell, pixel),
                  rawGainOf(model, 1, cell, pixel),
                  rawGainOf(model, 2, cell, pixel),
                ]
          out[at] = (high + medium) / 2
          out[at + 1] = (medium + low) / 2
          out[at + 2] = high
          out[at + 3] = medium
          out[at + 4] = low
        },
      },
      bitPlanes(model, 'BadPixelsDark', 3),
      {
        calibration: 'SlopesPC',
        planes: 10,
        fill: (pixel, _, out, at) => {
          // Slope and intercept of high gain (0, 1) and of medium gain (3, 4), which begins with the switching step.
          out[at] = PC_SLOPE
          out[at + 3] = PC_SLOPE / (ratios[pixel] ?? 0)
          out[at + 4] = steps[pixel] ?? 0
        },
      },
      bitPlanes(model, 'BadPixelsPC', 3),
      {
        calibration: 'SlopesFF',
        planes: 2,
        fill: (pixel, cell, out, at) => {
          const dark = kinds[pixel] === KIND.unlit || kinds[pixel] === KIND.dead
          out[at] = dark ? Number.NaN : photonGainOf(model, cell, pixel)
        },
      },
      bitPlanes(model, 'BadPixelsFF', 3),
    ]
  },

  conditionsOf(options) {
    const { detector, cells, energy } = options
    return {
      'Sensor Bias Voltage': BIAS,
      'Memory cells': memoryCells(detector, cells),
      'Pixels X': detector.slowScan,
      'Pixels Y': detector.fastScan,
      'Acquisition rate': REPETITION_RATE,
      'Gain setting': GAIN_SETTING,
      'Gain mode': gainMode(options),
      'Integration time': INTEGRATION_TIME,
      'Source energy': energy,
    }
  },

  controls(options) {
    const { detector, cells, kind, stage } = options
    const dark = kind === 'dark' && stage !== undefined
    const integer = (value: number): ControlValue => ({ dtype: 'i4', value })
    const float = (value: number): ControlValue => ({ dtype: 'f8', value })
    return [
      {
        name: 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP',
        properties: {
          'bunchStructure.nPulses': integer(memoryCells(detector, cells)),
          'bunchStructure.repetitionRate': float(REPETITION_RATE),
          gain: integer(GAIN_SETTING),
          gainModeIndex: integer(gainMode(options)),
          integrationTime: integer(INTEGRATION_TIME),
          setupr: integer(dark ? SETUP.dark : SETUP.data),
          patternTypeIndex: integer(dark ? stage + 1 : DATA_PATTERN),
        },
      },
      {
        name: 'SPB_IRU_AGIPD1M/PSC/HV',
        properties: Object.fromEntries(
          Array.from({ length: SUPPLY_CHANNELS }, (_, channel) => [
            `channels.U${channel}.voltage`,
            float(BIAS),
          ]),
        ),
      },
    ]
  },
}

/** 0 adaptive, 1 … 3 fixed high, medium, low. Dark runs for adaptive gain force the stage by a pattern instead. */
function gainMode({ kind, stage }: SimulationOptions): number {
  return kind === 'dark' || stage === undefined ? 0 : stage + 1
}
