import { UsageError } from '../model/errors.js'
import { AGIPD_1M } from './agipd1m.js'
import type { Detector } from './detector.js'

/** Every detector detcal knows; registering one here is all the engine needs of it. */
export const DETECTORS: readonly Detector[] = [AGIPD_1M]

/** The detector called `id` on the command line. @throws UsageError naming those there are. */
export function detectorById(id: string): Detector {
  const found = DETECTORS.find(detector => detector.id === id)
  if (!found)
    throw new UsageError(`no detector is called ${id}`, {
      hint: `Use one of ${DETECTORS.map(d => d.id).join(', ')}`,
    })
  return found
}
