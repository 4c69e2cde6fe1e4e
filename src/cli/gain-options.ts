import type { GainMode } from '../corrections/steps.js'
import { UsageError } from '../model/errors.js'
import type { Run } from '../sources/run/run.js'
import type { CorrectOptions } from './correct-options.js'
import { parsePairs } from './options.js'

type GainOptions = Pick<CorrectOptions, 'gainMode' | 'parallelGain' | 'condition'>

/** By the names of `--gain-mode`. */
export const GAIN_MODES: Readonly<Record<string, GainMode>> = { adaptive: 0, high: 1, medium: 2, low: 3 }

/** As the option says, else the stated condition of that name. */
export function parallelGainOf(args: GainOptions): boolean | undefined {
  const stated = statedCondition(args, 'parallel gain')
  return args.parallelGain ?? (stated === undefined ? undefined : Number(stated) !== 0)
}

function statedCondition({ condition }: GainOptions, wanted: string): string | undefined {
  const stated = Object.entries(parsePairs(condition, '--condition'))
  return stated.find(([name]) => name.toLowerCase() === wanted)?.[1]
}

/**
 * As the option says, else the stated condition of that name, else control data; adaptive where nothing tells.
 * @throws UsageError for a fixed stage of a detector that cannot be fixed in one, or a condition that is no gain mode.
 */
export function gainModeOf(args: GainOptions, run: Run): GainMode {
  const { gainMode } = args
  if (gainMode !== undefined && gainMode !== 'adaptive' && !run.detector.fixedGain)
    throw new UsageError(`${run.detector.name} is not operated in fixed gain`, {
      hint: 'Leave --gain-mode out',
    })
  const stated = run.detector.fixedGain ? statedCondition(args, 'gain mode') : undefined
  if (gainMode !== undefined) return GAIN_MODES[gainMode] ?? 0
  if (stated === undefined) return run.gainMode ?? 0
  const known = Object.values(GAIN_MODES).find(mode => String(mode) === stated)
  if (known === undefined)
    throw new UsageError(`--condition "Gain mode=${stated}" is no gain mode`, {
      hint: 'Use 0 (adaptive), or 1, 2, 3 (fixed high, medium, low)',
    })
  return known
}
