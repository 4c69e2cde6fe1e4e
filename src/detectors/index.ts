import { UsageError } from '../model/errors.js'
import { AGIPD_1M } from './agipd1m.js'
import type { Detector } from './detector.js'
import { DSSC_1M } from './dssc1m.js'
import { LPD_1M } from './lpd1m.js'

const detectors: Detector[] = [AGIPD_1M, LPD_1M, DSSC_1M]

/** Every detector detcal knows. Each has its corrections in `src/corrections`, under the same id. */
export const DETECTORS: readonly Detector[] = detectors

/** Makes a detector known beside those there are; for tests and extensions. @throws Error for an id that is taken. */
export function addDetector(detector: Detector): void {
  if (detectors.some(({ id }) => id === detector.id)) throw new Error(`there is a detector ${detector.id}`)
  detectors.push(detector)
}

/** The detector called `id` on the command line. @throws UsageError naming those there are. */
export function detectorById(id: string): Detector {
  const found = DETECTORS.find(detector => detector.id === id)
  if (!found)
    throw new UsageError(`no detector is called ${id}`, {
      hint: `Use one of ${DETECTORS.map(d => d.id).join(', ')}`,
    })
  return found
}
