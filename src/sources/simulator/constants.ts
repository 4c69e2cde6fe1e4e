import { calibrationOf } from '../../../constants/calibrations.js'
import type { ConstantArray } from '../../../constants/write.js'
import { type Detector, pixelsOf } from '../../detectors/detector.js'
import { arrayOf } from '../../model/dtypes.js'
import { bitsOf, KIND } from './bad-pixels.js'
import { type ModuleModel, offsetOf, photonGainOf, rawGainOf, STAGES } from './module-model.js'

/** Slope of the pulse-capacitor scan in high gain, ADU a step. */
const PC_SLOPE = 30

/** The planes of a constant for one pixel and cell, written to `out` from `at`. */
type Planes = (pixel: number, cell: number, out: { [index: number]: number }, at: number) => void

/**
 * The constants that a characterisation without statistical error would find for a simulated module: CalCat's
 * axes (fast scan, slow scan, cell, planes), evaluated in strips of fast-scan rows as the writer asks for them.
 */
export function constantsOf(
  detector: Detector,
  model: ModuleModel,
  pdu: string,
  dtype: 'f4' | 'f8' = 'f4',
): ConstantArray[] {
  const constant = (calibration: string, planes: number, fill: Planes): ConstantArray => {
    const kind = calibrationOf(detector, calibration)
    const elements = kind?.kind === 'bits' ? 'u4' : dtype
    return {
      pdu,
      calibration,
      shape: [detector.fastScan, detector.slowScan, model.cells, planes],
      dims: ['fast_scan', 'slow_scan', 'cell', kind?.planeAxis ?? 'gain'],
      dtype: elements,
      data: (first, count) => strip(detector, model, { first, count, planes }, elements, fill),
    }
  }
  const stages = (calibration: string, value: (stage: 0 | 1 | 2, cell: number, pixel: number) => number) =>
    constant(calibration, STAGES.length, (pixel, cell, out, at) => {
      for (const stage of STAGES) out[at + stage] = value(stage, cell, pixel)
    })
  const bits = (calibration: 'BadPixelsDark' | 'BadPixelsPC' | 'BadPixelsFF') =>
    stages(calibration, (stage, _, pixel) => bitsOf(calibration, model.kinds[pixel] ?? 0)[stage])
  const uncalibrated = (pixel: number) => model.kinds[pixel] === KIND.uncalibrated
  return [
    stages('Offset', (stage, cell, pixel) =>
      uncalibrated(pixel) ? Number.NaN : offsetOf(model, stage, cell, pixel),
    ),
    stages('Noise', (stage, _, pixel) =>
      uncalibrated(pixel) ? Number.NaN : (model.noise[stage][pixel] ?? 0),
    ),
    constant('ThresholdsDark', 5, (pixel, cell, out, at) => {
      const [high, medium, low] = uncalibrated(pixel)
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
    }),
    bits('BadPixelsDark'),
    constant('SlopesPC', 10, (pixel, _, out, at) => {
      // Slope and intercept of high gain (0, 1) and of medium gain (3, 4), which begins with the switching step.
      out[at] = PC_SLOPE
      out[at + 3] = PC_SLOPE / (model.ratios[pixel] ?? 0)
      out[at + 4] = model.steps[pixel] ?? 0
    }),
    bits('BadPixelsPC'),
    constant('SlopesFF', 2, (pixel, cell, out, at) => {
      const dark = model.kinds[pixel] === KIND.unlit || model.kinds[pixel] === KIND.dead
      out[at] = dark ? Number.NaN : photonGainOf(model, cell, pixel)
    }),
    bits('BadPixelsFF'),
  ]
}

interface Strip {
  /** Fast-scan rows `first … first + count − 1`. */
  readonly first: number
  readonly count: number
  readonly planes: number
}

function strip<D extends 'f4' | 'f8' | 'u4'>(
  detector: Detector,
  model: ModuleModel,
  { first, count, planes }: Strip,
  dtype: D,
  fill: Planes,
) {
  const { slowScan, fastScan } = detector
  const out = arrayOf(dtype, (count * pixelsOf(detector) * model.cells * planes) / fastScan)
  let at = 0
  for (let fs = first; fs < first + count; fs++)
    for (let ss = 0; ss < slowScan; ss++)
      for (let cell = 0; cell < model.cells; cell++) {
        fill(ss * fastScan + fs, cell, out, at)
        at += planes
      }
  return out
}
