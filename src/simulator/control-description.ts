import type { NewExdf } from '../exdf/description.js'
import { type DetectorKit, simulatedOf } from '../kits/kit.js'
import { lightSources } from './light-sources.js'
import type { SimulationOptions } from './model/options.js'
import { sequencesOf } from './model/timeline.js'
import { describeRun } from './raw-description.js'

/** The file of the detector's control devices: one for the whole run, its trains being few bytes. */
export function describeControl(kit: DetectorKit, options: SimulationOptions): NewExdf {
  const [whole] = sequencesOf({ ...options, trainsPerFile: options.trains })
  if (whole === undefined) throw new RangeError('a run without trains')
  const controls = simulatedOf(kit).controls(options)
  const light = lightSources(options)
  return {
    ...describeRun(options, whole),
    sources: light.sources,
    controls: [...controls, ...light.controls],
  }
}
