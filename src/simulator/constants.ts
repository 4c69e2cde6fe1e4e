import type { ConstantArray } from '../../constants/files/write.js'
import { calibrationOf } from '../../constants/model/calibrations.js'
import type { AxisOrder } from '../detectors/calibration.js'
import type { Detector } from '../detectors/detector.js'
import { type DetectorKit, simulatedOf } from '../kits/kit.js'
import { arrayOf } from '../model/dtypes.js'
import type { ModuleModel } from './model/module-model.js'
import type { FillPlanes } from './model/simulated-detector.js'

/** CalCat's order, transposed against images. */
const TRANSPOSED: AxisOrder = ['fast_scan', 'slow_scan', 'cell', 'plane']

/**
 * The constants that a characterisation without statistical error would find for a simulated module, in CalCat's order
 * of axes, evaluated in strips of rows of the first axis as the writer requests them.
 */
export function constantsOf(
  kit: DetectorKit,
  model: ModuleModel,
  pdu: string,
  dtype: 'f4' | 'f8' = 'f4',
): ConstantArray[] {
  const { detector } = kit
  return simulatedOf(kit)
    .constants(model)
    .map(({ calibration, planes, fill }) => {
      const kind = calibrationOf(detector, calibration)
      const elements = kind?.kind === 'bits' ? 'u4' : dtype
      const slowFirst = (kind?.assumed ?? TRANSPOSED)[0] === 'slow_scan'
      const { slowScan, fastScan } = detector
      const image = slowFirst ? [slowScan, fastScan] : [fastScan, slowScan]
      const names = slowFirst ? ['slow_scan', 'fast_scan'] : ['fast_scan', 'slow_scan']
      return {
        pdu,
        calibration,
        shape: [...image, model.cells, planes],
        dims: [...names, 'cell', kind?.planeAxis ?? 'gain'],
        dtype: elements,
        data: ([first = 0], [count = 0]) =>
          strip(detector, model, { first, count, planes, slowFirst }, elements, fill),
      }
    })
}

interface Strip {
  /** Rows of the first axis, `first … first + count − 1`. */
  readonly first: number
  readonly count: number
  readonly planes: number
  /** The first axis is the slow scan, not the fast. */
  readonly slowFirst: boolean
}

function strip<D extends 'f4' | 'f8' | 'u4'>(
  detector: Detector,
  model: ModuleModel,
  { first, count, planes, slowFirst }: Strip,
  dtype: D,
  fill: FillPlanes,
) {
  const { slowScan, fastScan } = detector
  const inner = slowFirst ? fastScan : slowScan
  const out = arrayOf(dtype, count * inner * model.cells * planes)
  let at = 0
  for (let outer = first; outer < first + count; outer++)
    for (let i = 0; i < inner; i++) {
      const pixel = slowFirst ? outer * fastScan + i : i * fastScan + outer
      for (let cell = 0; cell < model.cells; cell++) {
        fill(pixel, cell, out, at)
        at += planes
      }
    }
  return out
}
