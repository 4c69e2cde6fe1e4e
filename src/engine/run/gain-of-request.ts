import type { GainMode } from '../../corrections/steps.js'
import type { Detector } from '../../detectors/detector.js'
import { UsageError } from '../../model/errors.js'
import type { CheckedRequest } from './request.js'

type GainFields = Pick<CheckedRequest, 'gainMode' | 'parallelGain' | 'conditions'>

/** By their names. */
const GAIN_MODES = { adaptive: 0, high: 1, medium: 2, low: 3 } as const satisfies Record<string, GainMode>

/** The name of a gain mode. */
export function gainModeName(mode: GainMode): keyof typeof GAIN_MODES {
  return (['adaptive', 'high', 'medium', 'low'] as const)[mode]
}

/** As requested, else the stated condition of that name; undefined: as control data say. */
export function parallelGainOf(request: GainFields): boolean | undefined {
  const stated = statedCondition(request, 'parallel gain')
  return request.parallelGain ?? (stated === undefined ? undefined : Number(stated) !== 0)
}

function statedCondition({ conditions }: GainFields, wanted: string): string | number | undefined {
  return Object.entries(conditions).find(([name]) => name.toLowerCase() === wanted)?.[1]
}

/**
 * As requested, else the stated condition of that name, else `told` by control data; adaptive where nothing says.
 * @throws UsageError for a fixed stage of a detector that cannot be fixed in one, or a condition that is not a gain mode.
 */
export function gainModeOf(
  request: GainFields,
  { name, fixedGain }: Detector,
  told: GainMode | undefined,
): GainMode {
  const { gainMode } = request
  if (gainMode !== undefined && gainMode !== 'adaptive' && !fixedGain)
    throw new UsageError(`${name} is not operated in fixed gain`, { hint: 'Leave --gain-mode out' })
  const stated = fixedGain ? statedCondition(request, 'gain mode') : undefined
  if (gainMode !== undefined) return GAIN_MODES[gainMode]
  if (stated === undefined) return told ?? 0
  const known = Object.values(GAIN_MODES).find(mode => String(mode) === String(stated))
  if (known === undefined)
    throw new UsageError(`--condition "Gain mode=${stated}" is not a gain mode`, {
      hint: 'Use 0 (adaptive), or 1, 2, 3 (fixed high, medium, low)',
    })
  return known
}
