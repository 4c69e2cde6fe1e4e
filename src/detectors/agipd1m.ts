import type { Detector } from './detector.js'

/** AGIPD-1M: adaptive gain, two raw planes, up to 352 memory cells. */
export const AGIPD_1M: Detector = {
  id: 'agipd1m',
  name: 'AGIPD-1M',
  moduleCount: 16,
  slowScan: 512,
  fastScan: 128,
  rawPlanes: 2,
  stages: 3,
  rawSource: /^(?<karaboId>[^/]+_AGIPD1M[^/]*)\/DET\/(?<module>\d+)CH0:xtdf$/,
  correctedSource: /^(?<karaboId>[^/]+_AGIPD1M[^/]*)\/CORR\/(?<module>\d+)CH0:output$/,
  aggregator: 'AGIPD',
  karaboId: 'SPB_DET_AGIPD1M-1',
  type: 'agipd-type',
  maxCells: 352,
  cellOptions: [4, 32, 64, 76, 128, 176, 202, 250, 352],
  detectorDataBytes: 5408,
}
