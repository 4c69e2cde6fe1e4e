import type { Detector } from '../detectors/detector.js'
import { AGIPD } from './agipd/chain.js'
import type { Corrections } from './chain.js'
import { DSSC } from './dssc/chain.js'
import { LPD } from './lpd/chain.js'

const byDetector = new Map<string, Corrections>([
  ['agipd1m', AGIPD],
  ['lpd1m', LPD],
  ['dssc1m', DSSC],
])

/** The corrections of a detector. @throws Error if it has none: a record without corrections is a mistake in the program. */
export function correctionsOf({ id }: Pick<Detector, 'id'>): Corrections {
  const found = byDetector.get(id)
  if (!found) throw new Error(`there are no corrections of ${id}`)
  return found
}

/** Makes the corrections of a detector known beside those there are; for tests and extensions. */
export function addCorrections({ id }: Pick<Detector, 'id'>, corrections: Corrections): void {
  if (byDetector.has(id)) throw new Error(`there are corrections of ${id} already`)
  byDetector.set(id, corrections)
}
