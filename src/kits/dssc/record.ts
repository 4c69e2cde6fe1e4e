import { ALL_GROUPS, type AxisOrder } from '../../detectors/calibration.js'
import type { Detector } from '../../detectors/detector.js'

// Some constants of DSSC have the slow scan first.
const orders: readonly AxisOrder[] = [['slow_scan', 'fast_scan', 'cell', 'plane']]
const ONE_PLANE = { planes: [1], flat: true, planeAxis: 'gain', meaning: 'the one stage', orders } as const

/** DSSC-1M: no gain stages, 9-bit numbers, up to 800 memory cells. */
export const DSSC_1M: Detector = {
  id: 'dssc1m',
  name: 'DSSC-1M',
  moduleCount: 16,
  slowScan: 128,
  fastScan: 512,
  rawPlanes: 1,
  stages: 1,
  fixedGain: false,
  rawSource: /^(?<karaboId>[^/]+_DSSC1M[^/]*)\/DET\/(?<module>\d+)CH0:xtdf$/,
  correctedSource: /^(?<karaboId>[^/]+_DSSC1M[^/]*)\/CORR\/(?<module>\d+)CH0:output$/,
  aggregator: 'DSSC',
  karaboId: 'SCS_DET_DSSC1M-1',
  type: 'dssc-type',
  maxCells: 800,
  cellOptions: [400, 800],
  detectorDataBytes: 416,
  calibrations: [
    { name: 'Offset', kind: 'float', conditions: 'dark', ...ONE_PLANE },
    { name: 'Noise', kind: 'float', conditions: 'dark', ...ONE_PLANE },
    { name: 'BadPixelsDark', kind: 'bits', conditions: 'dark', ...ONE_PLANE },
  ],
  // CalCat's X of a DSSC module is its long side.
  parameters: [
    'Sensor Bias Voltage',
    'Memory cells',
    'Pixels X',
    'Pixels Y',
    'Pulse id checksum',
    'Acquisition rate',
    'Target gain',
    'Encoded gain',
  ].map(name => ({
    name,
    groups: ALL_GROUPS,
    ...(name.startsWith('Pixels') && { ofDetector: true as const }),
  })),
}
