import { ALL_GROUPS, type AxisOrder, BY_GAIN } from '../../detectors/calibration.js'
import type { Detector } from '../../detectors/detector.js'

// A module is square, so the shape of a constant does not show which axis is which. In CalCat the dark constants are
// transposed with respect to images, the flat-field maps are not.
const TRANSPOSED: AxisOrder = ['fast_scan', 'slow_scan', 'cell', 'plane']
const AS_IMAGES: AxisOrder = ['slow_scan', 'fast_scan', 'cell', 'plane']

const DARK = { conditions: 'dark', planes: [3], assumed: TRANSPOSED, ...BY_GAIN } as const
const ILLUMINATED = { conditions: 'illuminated', planes: [3, 1], flat: true, ...BY_GAIN } as const

/** LPD-1M: three gain stages, marked in the raw number; 12-bit numbers, up to 512 memory cells, parallel gain. */
export const LPD_1M: Detector = {
  id: 'lpd1m',
  name: 'LPD-1M',
  moduleCount: 16,
  slowScan: 256,
  fastScan: 256,
  rawPlanes: 1,
  stages: 3,
  fixedGain: false,
  parallelFrames: 3,
  rawSource: /^(?<karaboId>[^/]+_LPD1M[^/]*)\/DET\/(?<module>\d+)CH0:xtdf$/,
  correctedSource: /^(?<karaboId>[^/]+_LPD1M[^/]*)\/CORR\/(?<module>\d+)CH0:output$/,
  aggregator: 'LPD',
  karaboId: 'FXE_DET_LPD1M-1',
  type: 'lpd-type',
  maxCells: 512,
  cellOptions: [512],
  detectorDataBytes: 416,
  calibrations: [
    { name: 'Offset', kind: 'float', ...DARK },
    { name: 'Noise', kind: 'float', ...DARK },
    { name: 'BadPixelsDark', kind: 'bits', ...DARK },
    { name: 'RelativeGain', kind: 'float', ...ILLUMINATED, assumed: TRANSPOSED },
    { name: 'GainAmpMap', kind: 'float', ...ILLUMINATED, assumed: AS_IMAGES },
    { name: 'FFMap', kind: 'float', ...ILLUMINATED, assumed: AS_IMAGES },
    { name: 'BadPixelsFF', kind: 'bits', ...ILLUMINATED, assumed: AS_IMAGES },
  ],
  parameters: [
    { name: 'Sensor Bias Voltage', groups: ALL_GROUPS },
    { name: 'Memory cells', groups: ALL_GROUPS },
    { name: 'Pixels X', groups: ALL_GROUPS, ofDetector: true },
    { name: 'Pixels Y', groups: ALL_GROUPS, ofDetector: true },
    { name: 'Feedback capacitor', groups: ALL_GROUPS },
    { name: 'Memory cell order', groups: ['dark'] },
    { name: 'Parallel gain', groups: ['dark'], omittedAt: 0 },
    { name: 'Source Energy', groups: ['illuminated'] },
    { name: 'category', groups: ['illuminated'] },
  ],
}
