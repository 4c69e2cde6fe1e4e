import { PRESETS } from '../engine/run/request.js'
import { unbuiltSteps } from '../engine/run/steps-of-request.js'
import { KITS } from '../kits/index.js'

/** The presets for a help text, each with what of it is not built yet: `production (agipd1m: common-mode is not built yet)`. */
export function presetText(): string {
  return PRESETS.map(preset => {
    const lacking = KITS.flatMap(({ detector, corrections }) => {
      const steps = unbuiltSteps(corrections, preset)
      return steps.length > 0 ? [`${detector.id}: ${steps.join(', ')}`] : []
    })
    return lacking.length > 0
      ? `${preset} (refused while these are not built, ${lacking.join('; ')})`
      : preset
  }).join(', ')
}
