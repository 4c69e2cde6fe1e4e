import type { Calibration } from '../../src/detectors/calibration.js'
import type { Detector } from '../../src/detectors/detector.js'

export type { Calibration, ConditionGroup } from '../../src/detectors/calibration.js'

/** The calibration of a detector called `name`, or undefined. */
export function calibrationOf(
  { calibrations }: Pick<Detector, 'calibrations'>,
  name: string,
): Calibration | undefined {
  return calibrations.find(calibration => calibration.name === name)
}
