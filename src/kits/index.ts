import type { Detector } from '../detectors/detector.js'
import { UsageError } from '../model/errors.js'
import { AGIPD } from './agipd/index.js'
import { DSSC } from './dssc/index.js'
import type { DetectorKit } from './kit.js'
import { LPD } from './lpd/index.js'

/** Every detector that detcal knows. */
export const KITS: readonly DetectorKit[] = [AGIPD, LPD, DSSC]

/** The records of {@link KITS}. */
export const DETECTORS: readonly Detector[] = KITS.map(({ detector }) => detector)

/** The kit of the detector with this id: `agipd1m`. @throws UsageError naming those there are. */
export function kitOf({ id }: Pick<Detector, 'id'>, kits: readonly DetectorKit[] = KITS): DetectorKit {
  const found = kits.find(({ detector }) => detector.id === id)
  if (found) return found
  throw new UsageError(`no detector is called ${id}`, {
    hint: `Use one of ${kits.map(({ detector }) => detector.id).join(', ')}`,
  })
}
