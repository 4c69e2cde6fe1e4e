import { UsageError } from '../../model/errors.js'
import type { Check } from './check.js'
import { controlTimestampsOrder } from './control-timestamps-order.js'
import { corrAlike } from './corr-alike.js'
import { corrLinks } from './corr-links.js'
import { corrProvenance } from './corr-provenance.js'
import { corrValues } from './corr-values.js'
import { datasetsReadable } from './datasets-readable.js'
import { filesUnchanged } from './files-unchanged.js'
import { framesWritten } from './frames-written.js'
import { imageData } from './image-data.js'
import { imageIds } from './image-ids.js'
import { indexControl } from './index-control.js'
import { indexInstrument } from './index-instrument.js'
import { modulesPresent } from './modules-present.js'
import { parallelGain } from './parallel-gain.js'
import { pulseIdsEqual } from './pulse-ids-equal.js'
import { runJsonCache } from './run-json-cache.js'
import { trainFlags } from './train-flags.js'
import { trainIdsNonzero } from './train-ids-nonzero.js'
import { trainIdsOrder } from './train-ids-order.js'
import { trainIdsPossible } from './train-ids-possible.js'
import { trainIdsUnique } from './train-ids-unique.js'
import { trainListsEqual } from './train-lists-equal.js'

/** Every check: first those of European XFEL's own validator, under its names. */
export const CHECKS: readonly Check[] = [
  trainIdsNonzero,
  trainIdsOrder,
  indexControl,
  indexInstrument,
  controlTimestampsOrder,
  runJsonCache,
  trainIdsPossible,
  trainFlags,
  imageData,
  datasetsReadable,
  framesWritten,
  imageIds,
  parallelGain,
  corrLinks,
  corrProvenance,
  corrValues,
  trainIdsUnique,
  trainListsEqual,
  pulseIdsEqual,
  modulesPresent,
  corrAlike,
  filesUnchanged,
]

/** All checks except those named. @throws UsageError for an unknown name. */
export function checksWithout(skipped: readonly string[]): readonly Check[] {
  const unknown = skipped.find(name => !CHECKS.some(check => check.name === name))
  if (unknown !== undefined)
    throw new UsageError(`there is no check called ${unknown}`, { hint: 'See detcal validate --list' })
  return CHECKS.filter(check => !skipped.includes(check.name))
}
