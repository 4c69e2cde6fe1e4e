import type { Detector } from '../../detectors/detector.js'
import { UsageError } from '../../model/errors.js'
import { AGIPD_PHYSICS } from './agipd.js'
import { DSSC_PHYSICS } from './dssc.js'
import { LPD_PHYSICS } from './lpd.js'
import type { Physics } from './physics.js'

const PHYSICS: Readonly<Record<string, Physics>> = {
  agipd1m: AGIPD_PHYSICS,
  lpd1m: LPD_PHYSICS,
  dssc1m: DSSC_PHYSICS,
}

/** @throws UsageError if nobody knows the physics of the detector. */
export function physicsOf({ id, name }: Detector): Physics {
  const found = PHYSICS[id]
  if (!found)
    throw new UsageError(`${name} cannot be simulated`, {
      hint: `Use one of ${Object.keys(PHYSICS).join(', ')}`,
    })
  return found
}
