import { memoryCells } from '../../../constants/conditions.js'
import type { ControlValue, ExdfFile } from '../../hdf5/exdf-description.js'
import type { SimulationOptions } from './options.js'
import { describeRun } from './raw-description.js'
import { REPETITION_RATE, sequencesOf } from './timeline.js'

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

/** 0 adaptive, 1 … 3 fixed high, medium, low. Dark runs for adaptive gain force the stage by a pattern instead. */
function gainMode({ kind, stage }: SimulationOptions): number {
  return kind === 'dark' || stage === undefined ? 0 : stage + 1
}

/** The conditions the run is taken under, by CalCat's names: what control data say and constants are valid for. */
export function conditionsOfRun(options: SimulationOptions): Record<string, number> {
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
}

/** The file of AGIPD's control devices: one for the whole run, its trains being few bytes. */
export function describeControl(options: SimulationOptions): ExdfFile {
  const { detector, cells, kind, stage } = options
  const [whole] = sequencesOf({ ...options, trainsPerFile: options.trains })
  if (whole === undefined) throw new RangeError('a run without trains')
  const dark = kind === 'dark' && stage !== undefined
  const integer = (value: number): ControlValue => ({ dtype: 'i4', value })
  const float = (value: number): ControlValue => ({ dtype: 'f8', value })
  return {
    ...describeRun(options, whole),
    sources: [],
    controls: [
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
    ],
  }
}
