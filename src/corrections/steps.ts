import { UsageError } from '../model/errors.js'

/** Gain mode of a run: 0 adaptive (each pixel switches by itself), 1 to 3 fixed at high, medium, low. */
export type GainMode = 0 | 1 | 2 | 3

interface StepRecord {
  /** Whether this version of detcal can do it. */
  readonly built: boolean
  /** Steps that must be in the chain too, in adaptive gain. */
  readonly needs: readonly string[]
  /** Off in fixed-gain modes whatever is asked. */
  readonly adaptiveOnly: boolean
}

/**
 * AGIPD's steps in their order of execution, by option name. In adaptive gain all that depends on a pixel's
 * gain stage needs `threshold`, and what scales or compares a value needs `offset`.
 */
const STEPS = {
  threshold: { built: true, needs: [], adaptiveOnly: false },
  'low-medium-gap': { built: true, needs: ['threshold'], adaptiveOnly: true },
  'force-mg-if-below': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  'force-hg-if-below': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  offset: { built: true, needs: ['threshold'], adaptiveOnly: false },
  'baseline-noise': { built: false, needs: ['offset'], adaptiveOnly: false },
  'common-mode': { built: false, needs: ['offset'], adaptiveOnly: false },
  'set-min': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  'relative-gain': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  'adjust-mg-baseline': { built: true, needs: ['relative-gain'], adaptiveOnly: true },
  'xray-gain': { built: true, needs: ['offset'], adaptiveOnly: false },
  mask: { built: true, needs: ['threshold'], adaptiveOnly: false },
  'zero-std': { built: false, needs: ['mask'], adaptiveOnly: false },
  'noisy-adc': { built: false, needs: ['mask'], adaptiveOnly: false },
  range: { built: true, needs: [], adaptiveOnly: false },
  'round-photons': { built: false, needs: ['offset'], adaptiveOnly: false },
} as const satisfies Record<string, StepRecord>

export type StepName = keyof typeof STEPS

/** Every step in order of execution. */
export const STEP_NAMES = Object.keys(STEPS) as readonly StepName[]

/** The chain that is run when nothing else is asked, the same in batch and online. */
export const DEFAULT_STEPS: readonly StepName[] = [
  'threshold',
  'low-medium-gap',
  'force-mg-if-below',
  'force-hg-if-below',
  'offset',
  'set-min',
  'mask',
  'range',
]

/** What steps can be told. Limits are ADU, rounded to f32. */
export interface StepOptions {
  /** `force-mg-if-below`: a low-gain pixel less than this above the medium-gain offset is medium. */
  readonly forceMgLimit: number
  /** `force-hg-if-below`: a switched pixel less than this above the high-gain offset is high. */
  readonly forceHgLimit: number
  /** `range` writes 0 for values that are not finite. Their mask bits are set all the same. */
  readonly zeroNans: boolean
  /** `range` writes 0 for values beyond ±1e7. Their mask bits are set all the same. */
  readonly zeroOrange: boolean
}

export const DEFAULT_STEP_OPTIONS: StepOptions = {
  forceMgLimit: 1000,
  forceHgLimit: 1000,
  zeroNans: false,
  zeroOrange: false,
}

/**
 * The steps named, in order of execution, without those that fixed gain switches off.
 * @throws UsageError for an unknown or unbuilt step, and for one without the steps it needs.
 */
export function parseSteps(names: readonly string[], gainMode: GainMode): readonly StepName[] {
  for (const name of names) {
    if (!isStep(name))
      throw new UsageError(`no correction step is called ${name}`, {
        hint: `Use some of ${STEP_NAMES.filter(step => STEPS[step].built).join(', ')}`,
      })
    if (!STEPS[name].built)
      throw new UsageError(`the step ${name} is not built yet`, { hint: 'Leave it out of --steps' })
  }
  const fixed = gainMode !== 0
  const steps = STEP_NAMES.filter(step => names.includes(step) && !(fixed && STEPS[step].adaptiveOnly))
  for (const step of steps) {
    // In fixed gain there is nothing to threshold: the stage is the mode's.
    const needs = STEPS[step].needs.filter(need => !(fixed && need === 'threshold'))
    const missing = needs.filter(need => !steps.includes(need))
    if (missing.length > 0)
      throw new UsageError(`the step ${step} needs ${missing.join(' and ')}`, {
        hint: `Add ${missing.join(',')} to --steps or leave ${step} out`,
      })
  }
  return steps
}

function isStep(name: string): name is StepName {
  return Object.hasOwn(STEPS, name)
}
