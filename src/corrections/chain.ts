import { ConstantsError, UsageError } from '../model/errors.js'
import type { PlaneRecipe } from './planes.js'
import type { GainMode, StepName, StepOptions } from './steps.js'

export type KernelName = 'agipdAdaptive' | 'agipdAdaptiveGain' | 'agipdFixed' | 'agipdFixedGain'

/** What a kernel is told beside its planes (docs/architecture.md, kernel contract, `params`). */
export interface KernelParams {
  /** Gain stage of fixed-gain modes; 0 in adaptive mode. */
  readonly stage: 0 | 1 | 2
  /** ADU, exactly an f32; −Infinity switches the step off. */
  readonly forceMgLimit: number
  readonly forceHgLimit: number
  readonly setMin: boolean
  readonly range: boolean
  readonly zeroNans: boolean
  readonly zeroOrange: boolean
}

/** A step that was asked for and cannot be done for this module. */
export interface SkippedStep {
  readonly step: StepName
  readonly reason: string
}

/** The resolved corrections of one module: plain data that can be posted to a worker. */
export interface Chain {
  readonly kernel: KernelName
  readonly params: KernelParams
  /** Planes of constants of each memory cell, in the order the kernel reads them. */
  readonly planes: readonly PlaneRecipe[]
  readonly gainMode: GainMode
  /** The steps that are done, in order of execution. */
  readonly steps: readonly StepName[]
  readonly skipped: readonly SkippedStep[]
}

const BAD_PIXELS = ['BadPixelsDark', 'BadPixelsPC', 'BadPixelsFF'] as const

/** Bits of the f32 neutral elements; x + −0 is x for every x, −0 included. */
const ZERO = 0
const ONE = 0x3f800000
const MINUS_ZERO = 0x80000000
const INFINITE = 0x7f800000

/**
 * Decides what is done for a module from the steps asked (as {@link parseSteps} returns them) and the
 * calibrations that were found for it. A step whose constant is missing is skipped, and so is
 * `adjust-mg-baseline` when relative gain does not come from SlopesPC. SlopesPC wins where RelativeGain is
 * there too, since the baseline belongs to its slopes. `mask` takes whichever bad-pixel maps there are.
 * @throws ConstantsError without Offset, or without ThresholdsDark in adaptive mode; the caller knows the module.
 * @throws UsageError for a limit that is not a number.
 */
export function resolveChain(request: {
  readonly steps: readonly StepName[]
  readonly options: StepOptions
  readonly gainMode: GainMode
  /** Names of the calibrations there are for the module. */
  readonly available: ReadonlySet<string>
}): Chain {
  const { options, gainMode, available } = request
  const adaptive = gainMode === 0
  requireConstants(request.steps, adaptive, available)
  const skipped = missingConstants(request.steps, available)
  const steps = request.steps.filter(step => !skipped.some(skip => skip.step === step))
  const on = (step: StepName): boolean => steps.includes(step)

  const gainSteps = on('relative-gain') || on('xray-gain')
  const sources: PlaneSources = { on, available }
  const planes = adaptive ? adaptivePlanes(sources, gainSteps) : fixedPlanes(sources, gainSteps, gainMode)
  const params: KernelParams = {
    stage: adaptive ? 0 : ((gainMode - 1) as 0 | 1 | 2),
    forceMgLimit: on('force-mg-if-below') ? limit('force-mg-if-below', options.forceMgLimit) : -Infinity,
    forceHgLimit: on('force-hg-if-below') ? limit('force-hg-if-below', options.forceHgLimit) : -Infinity,
    setMin: on('set-min'),
    range: on('range'),
    zeroNans: on('range') && options.zeroNans,
    zeroOrange: on('range') && options.zeroOrange,
  }
  const kernel: KernelName = adaptive
    ? gainSteps
      ? 'agipdAdaptiveGain'
      : 'agipdAdaptive'
    : gainSteps
      ? 'agipdFixedGain'
      : 'agipdFixed'
  return { kernel, params, planes, gainMode, steps, skipped }
}

function requireConstants(
  steps: readonly StepName[],
  adaptive: boolean,
  available: ReadonlySet<string>,
): void {
  const needed = [
    ...(steps.includes('offset') ? ['Offset'] : []),
    ...(adaptive && steps.includes('threshold') ? ['ThresholdsDark'] : []),
  ]
  const missing = needed.filter(calibration => !available.has(calibration))
  if (missing.length > 0)
    throw new ConstantsError(`there is no ${missing.join(' and no ')}`, {
      hint: 'Import dark constants that match the run with detcal constants import',
    })
}

function missingConstants(steps: readonly StepName[], available: ReadonlySet<string>): SkippedStep[] {
  const skipped: SkippedStep[] = []
  const skip = (step: StepName, there: boolean, reason: string): void => {
    if (steps.includes(step) && !there) skipped.push({ step, reason })
  }
  const slopes = available.has('SlopesPC')
  skip('relative-gain', slopes || available.has('RelativeGain'), 'there is neither SlopesPC nor RelativeGain')
  skip('adjust-mg-baseline', slopes, 'there is no SlopesPC')
  skip('xray-gain', available.has('SlopesFF'), 'there is no SlopesFF')
  skip(
    'mask',
    BAD_PIXELS.some(name => available.has(name)),
    `there is none of ${BAD_PIXELS.join(', ')}`,
  )
  return skipped
}

interface PlaneSources {
  readonly on: (step: StepName) => boolean
  readonly available: ReadonlySet<string>
}

/** O0 M0 T0 T1 O1 M1 O2 M2, and with gain steps G0 X G1 G2 B1. */
function adaptivePlanes(sources: PlaneSources, gainSteps: boolean): PlaneRecipe[] {
  const { on } = sources
  const gap = on('low-medium-gap')
  const planes: PlaneRecipe[] = [
    offset(sources, 0),
    badPixels(sources, 0),
    on('threshold') ? { kind: 'medium-threshold', gap } : fill(INFINITE),
    on('threshold') ? { kind: 'low-threshold', gap } : fill(INFINITE),
    offset(sources, 1),
    badPixels(sources, 1),
    offset(sources, 2),
    badPixels(sources, 2),
  ]
  if (!gainSteps) return planes
  return [
    ...planes,
    relativeGain(sources, 0),
    xrayGain(sources),
    relativeGain(sources, 1),
    relativeGain(sources, 2),
    on('adjust-mg-baseline') ? { kind: 'pc-baseline' } : fill(MINUS_ZERO),
  ]
}

/** O M, and with gain steps G X B. */
function fixedPlanes(sources: PlaneSources, gainSteps: boolean, gainMode: 1 | 2 | 3): PlaneRecipe[] {
  const stage = (gainMode - 1) as 0 | 1 | 2
  const planes = [offset(sources, stage), badPixels(sources, stage)]
  return gainSteps ? [...planes, fill(ONE), xrayGain(sources), fill(MINUS_ZERO)] : planes
}

function offset({ on }: PlaneSources, stage: number): PlaneRecipe {
  return on('offset') ? { kind: 'value', calibration: 'Offset', index: stage } : fill(ZERO)
}

function badPixels({ on, available }: PlaneSources, stage: number): PlaneRecipe {
  if (!on('mask')) return fill(ZERO)
  return { kind: 'bad-pixels', calibrations: BAD_PIXELS.filter(name => available.has(name)), stage }
}

function relativeGain({ on, available }: PlaneSources, stage: 0 | 1 | 2): PlaneRecipe {
  if (!on('relative-gain')) return fill(ONE)
  if (available.has('SlopesPC')) return { kind: 'pc-gain', stage }
  return { kind: 'value', calibration: 'RelativeGain', index: stage }
}

function xrayGain({ on }: PlaneSources): PlaneRecipe {
  return on('xray-gain') ? { kind: 'xray-gain' } : fill(ONE)
}

function fill(bits: number): PlaneRecipe {
  return { kind: 'fill', bits }
}

function limit(step: StepName, value: number): number {
  if (!Number.isFinite(value))
    throw new UsageError(`the limit of ${step} is ${value}`, { hint: 'Give it a number in ADU' })
  return Math.fround(value)
}
