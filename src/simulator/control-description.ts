import type { NewExdf } from '../exdf/description.js'
import type { SimulationOptions } from './options.js'
import { describeRun } from './raw-description.js'
import { simulatedDetector } from './simulated.js'
import { sequencesOf } from './timeline.js'

/** The file of the detector's control devices: one for the whole run, its trains being few bytes. */
export function describeControl(options: SimulationOptions): NewExdf {
  const [whole] = sequencesOf({ ...options, trainsPerFile: options.trains })
  if (whole === undefined) throw new RangeError('a run without trains')
  const controls = simulatedDetector(options.detector).controls(options)
  return { ...describeRun(options, whole), sources: [], controls }
}
