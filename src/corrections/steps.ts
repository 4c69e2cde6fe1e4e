import { UsageError } from '../model/errors.js'
import { type CommonModeParams, DEFAULT_COMMON_MODE } from './common-mode.js'
import type { Recast } from './finishing.js'
import { DEFAULT_BASELINE_LIMIT } from './noise-peak.js'

/** Gain mode of a run: 0 adaptive (each pixel switches by itself), 1 to 3 fixed at high, medium, low. */
export type GainMode = 0 | 1 | 2 | 3

export interface StepRecord {
  /** Whether this version of detcal can do it. */
  readonly built: boolean
  /** Steps that must be in the chain too. */
  readonly needs: readonly string[]
  /** Steps that must be in the chain too, in adaptive gain. */
  readonly needsAdaptive?: readonly string[]
  /** Off in fixed-gain modes whatever is asked. */
  readonly adaptiveOnly?: true
  /** It compares all trains of a file: a stream cannot have it. */
  readonly comparesTrains?: true
}

/** A detector's steps in their order of execution, by option name. */
export type StepTable = Readonly<Record<string, StepRecord>>

/** Options of all steps; each detector uses those of its own. Limits are in ADU, rounded to f32. */
export interface StepOptions {
  /** `force-mg-if-below`: a low-gain pixel less than this above the medium-gain offset is medium. */
  readonly forceMgLimit: number
  /** `force-hg-if-below`: a switched pixel less than this above the high-gain offset is high. */
  readonly forceHgLimit: number
  /** Parallel gain: the high stage is taken up to this many sigmas of its noise below the end of the scale. */
  readonly sigmaHigh: number
  /** Parallel gain: likewise the medium stage. */
  readonly sigmaMedium: number
  /** `range` writes 0 for values that are not finite. Their mask bits are set all the same. */
  readonly zeroNans: boolean
  /** `range` writes 0 for values beyond ±1e7. Their mask bits are set all the same. */
  readonly zeroOrange: boolean
  /** `common-mode`. */
  readonly commonMode: CommonModeParams
  /** `baseline-noise` does not believe shifts below minus this, ADU. */
  readonly baselineLimit: number
  /** `noisy-adc`: share of noisy pixels in a block of 64 × 64, above which all are bad. */
  readonly noisyShare: number
  /** `round-photons`: keV of a photon, and ADU a keV. */
  readonly photonEnergy?: number
  readonly aduPerKev?: number
  /** `round-photons`: from this fraction of a photon on it is rounded up. */
  readonly roundingThreshold: number
  /** `round-photons`: what image data are stored as. */
  readonly recast: Recast
}

export const DEFAULT_STEP_OPTIONS: StepOptions = {
  forceMgLimit: 1000,
  forceHgLimit: 1000,
  sigmaHigh: 5,
  sigmaMedium: 100,
  zeroNans: false,
  zeroOrange: false,
  commonMode: DEFAULT_COMMON_MODE,
  baselineLimit: DEFAULT_BASELINE_LIMIT,
  noisyShare: 0.25,
  roundingThreshold: 0.5,
  recast: 'i2',
}

/** The steps that this version of detcal can do, in order of execution. */
export function builtSteps(table: StepTable): string[] {
  return Object.keys(table).filter(step => table[step]?.built)
}

/**
 * The steps named, in order of execution, without those that fixed gain switches off.
 * @throws UsageError for an unknown or unbuilt step, and for one without the steps it needs.
 */
export function parseSteps(
  table: StepTable,
  names: readonly string[],
  gainMode: GainMode,
): readonly string[] {
  const known = Object.keys(table)
  for (const name of names) {
    const record = Object.hasOwn(table, name) ? table[name] : undefined
    if (!record)
      throw new UsageError(`no correction step is called ${name}`, {
        hint: `Use some of ${builtSteps(table).join(', ')}`,
      })
    if (!record.built)
      throw new UsageError(`the step ${name} is not built yet`, { hint: 'Leave it out of --steps' })
  }
  const fixed = gainMode !== 0
  const steps = known.filter(step => names.includes(step) && !(fixed && table[step]?.adaptiveOnly))
  for (const step of steps) {
    const { needs = [], needsAdaptive = [] } = table[step] ?? {}
    const missing = [...(fixed ? [] : needsAdaptive), ...needs].filter(need => !steps.includes(need))
    if (missing.length > 0)
      throw new UsageError(`the step ${step} needs ${missing.join(' and ')}`, {
        hint: `Add ${missing.join(',')} to --steps or leave ${step} out`,
      })
  }
  return steps
}
