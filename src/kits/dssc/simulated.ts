import { memoryCells } from '../../../constants/model/conditions.js'
import type { SimulationOptions } from '../../simulator/model/options.js'
import type { SimulatedDetector } from '../../simulator/model/simulated-detector.js'
import { bitPlanes, darkPlanes } from '../../simulator/model/stage-constants.js'
import { pulseOf, REPETITION_RATE } from '../../simulator/model/timeline.js'
import { pulseIdChecksum } from './conditions.js'
import { DSSC_PHYSICS } from './physics.js'

/** Volts. */
const BIAS = 100
const TARGET_GAIN = 2.5
/** Settings of the amplifier, and the number they are encoded as. */
const GAIN = { csaFbCap: 2, fcfEnCap: 6, csaResistor: 3 }
const ENCODED_GAIN = GAIN.csaFbCap + (GAIN.fcfEnCap << 8) + (GAIN.csaResistor << 16)

/** DSSC: one stage, few bits, constants that depend on which pulses are taken. */
export const DSSC_SIMULATED: SimulatedDetector = {
  physics: DSSC_PHYSICS,

  constants: model => [...darkPlanes(model, 1), bitPlanes(model, 'BadPixelsDark', 1)],

  conditionsOf({ detector, cells }: SimulationOptions) {
    const checksum = pulseIdChecksum(Array.from({ length: cells }, (_, cell) => pulseOf(cell)))
    return {
      'Sensor Bias Voltage': BIAS,
      'Memory cells': memoryCells(detector, cells),
      'Pixels X': detector.fastScan,
      'Pixels Y': detector.slowScan,
      ...(checksum === undefined ? {} : { 'Pulse id checksum': checksum }),
      'Acquisition rate': REPETITION_RATE,
      'Target gain': TARGET_GAIN,
      'Encoded gain': ENCODED_GAIN,
    }
  },

  controls() {
    return [1, 2, 3, 4].map(quadrant => ({
      name: `SCS_CDIDET_DSSC/FPGA/PPT_Q${quadrant}`,
      properties: {
        // 22 cycles are a pulse at 4.5 MHz.
        'sequencer.cycleLength': { dtype: 'f8', value: (4.5 * 22) / REPETITION_RATE },
        'gain.csaFbCap': { dtype: 'u4', value: GAIN.csaFbCap },
        'gain.fcfEnCap': { dtype: 'u4', value: GAIN.fcfEnCap },
        'gain.csaResistor': { dtype: 'u4', value: GAIN.csaResistor },
        'gain.irampFineTrm': { dtype: 'text', value: '0' },
        epcRegisterFilePath: { dtype: 'text', value: `/config/simulated_TG${TARGET_GAIN}.conf` },
      },
    }))
  },
}
