import type { Detector } from '../detectors/detector.js'
import { AGIPD } from './detectors/agipd.js'
import { DSSC } from './detectors/dssc.js'
import { LPD } from './detectors/lpd.js'
import type { SimulatedDetector } from './simulated-detector.js'

const SIMULATED: Readonly<Record<string, SimulatedDetector>> = { agipd1m: AGIPD, lpd1m: LPD, dssc1m: DSSC }

/** What is simulated of `detector`; its physics is looked for first and tells who cannot be simulated. */
export function simulatedDetector({ id }: Detector): SimulatedDetector {
  const found = SIMULATED[id]
  if (!found) throw new RangeError(`${id} has physics but no simulated constants`)
  return found
}
