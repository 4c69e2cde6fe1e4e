import {
  type Chain,
  type ChainRequest,
  type Corrections,
  requireConstants,
  withoutImpossible,
} from '../../corrections/chain.js'
import { ASIC_SIDE } from '../../corrections/common-mode.js'
import { type Finishing, MOST_PHOTONS } from '../../corrections/finishing.js'
import { withMask } from '../../corrections/mask.js'
import type { PhotonParams } from '../../corrections/photons.js'
import { NEUTRAL } from '../../corrections/plane-kinds.js'
import { fill, type PlaneRecipe } from '../../corrections/planes.js'
import { UsageError } from '../../model/errors.js'
import { type AgipdParams, agipdWords } from './params.js'
import { AGIPD_1M } from './record.js'
import { AGIPD_DEFAULT_STEPS, AGIPD_STEPS } from './steps.js'

export type AgipdKernel = 'agipdAdaptive' | 'agipdAdaptiveGain' | 'agipdFixed' | 'agipdFixedGain'

type StepName = keyof typeof AGIPD_STEPS

export const AGIPD_CORRECTIONS: Corrections = {
  steps: AGIPD_STEPS,
  defaultSteps: AGIPD_DEFAULT_STEPS,
  productionSteps: [...AGIPD_DEFAULT_STEPS, 'common-mode', 'adjust-mg-baseline'],
  resolve,
}

/**
 * A step whose constant is missing is skipped. SlopesPC wins where RelativeGain is there too, since the baseline belongs
 * to its slopes. Unless maps are asked for, a bad-pixel map comes with its step: that of the darks always, BadPixelsPC
 * with what is made of SlopesPC, BadPixelsFF with `xray-gain`.
 * @throws ConstantsError without Offset, or without ThresholdsDark in adaptive mode; the caller knows the module.
 * @throws UsageError for a limit that is not a number.
 */
function resolve(request: ChainRequest): Chain {
  const { options, gainMode, available } = request
  const adaptive = gainMode === 0
  const asked = (step: StepName): boolean => request.steps.includes(step)
  requireConstants(
    [...(asked('offset') ? ['Offset'] : []), ...(adaptive && asked('threshold') ? ['ThresholdsDark'] : [])],
    available,
  )
  const possible = withoutImpossible(request.steps, step => reasonAgainst(step, available))
  const masked = withMask(request, possible, mapsOfSteps(possible.steps, available))
  const { steps, maskMaps } = masked
  const on = (step: StepName): boolean => steps.includes(step)

  const gainSteps = on('relative-gain') || on('adjust-mg-baseline') || on('xray-gain')
  const sources: PlaneSources = { on, available, maskMaps, noisyShare: options.noisyShare }
  const planes = adaptive ? adaptivePlanes(sources, gainSteps) : fixedPlanes(sources, gainSteps, gainMode)
  const params: AgipdParams = {
    stage: adaptive ? 0 : ((gainMode - 1) as 0 | 1 | 2),
    forceMgLimit: on('force-mg-if-below') ? limit('force-mg-if-below', options.forceMgLimit) : -Infinity,
    forceHgLimit: on('force-hg-if-below') ? limit('force-hg-if-below', options.forceHgLimit) : -Infinity,
    setMin: on('set-min'),
    range: on('range'),
    zeroNans: on('range') && options.zeroNans,
    zeroOrange: on('range') && options.zeroOrange,
  }
  const kernel: AgipdKernel = adaptive
    ? gainSteps
      ? 'agipdAdaptiveGain'
      : 'agipdAdaptive'
    : gainSteps
      ? 'agipdFixedGain'
      : 'agipdFixed'
  const finishing = finishingOf(on, params, request, gainSteps, planes.length)
  return {
    ...{ kernel, params: agipdWords(params), maskPlane: 1, rawFrames: 1, gainMode, ...masked },
    planes: finishing?.baseline
      ? [...planes, { kind: 'value', calibration: 'Noise', index: params.stage }]
      : planes,
    ...(finishing && { finishing }),
  }
}

/** Steps that need all of an image, or of a file, or come behind one of those. */
const WHOLE: readonly StepName[] = ['baseline-noise', 'common-mode', 'zero-std', 'round-photons']

function finishingOf(
  on: PlaneSources['on'],
  params: AgipdParams,
  { gainMode, options, available }: ChainRequest,
  gainSteps: boolean,
  noisePlane: number,
): Finishing | undefined {
  if (!WHOLE.some(on)) return undefined
  const fixed = gainMode === 0 ? '' : 'Fixed'
  // SlopesPC's gains are relative to high gain.
  const highIsOne = !on('xray-gain') && (!on('relative-gain') || available.has('SlopesPC'))
  const photons = on('round-photons') ? { photons: photonsOf(options) } : {}
  return {
    stages: `agipd${fixed}Stages`,
    columns: AGIPD_1M.fastScan / ASIC_SIDE,
    rawPlanes: gainMode === 0 ? 2 : 1,
    kernel: `agipd${fixed}${gainSteps ? 'Gain' : ''}Finish`,
    params: agipdWords({ ...params, ...photons, highIsOne }),
    zeroStd: on('zero-std'),
    ...(on('baseline-noise') && { baseline: { noisePlane, limit: options.baselineLimit } }),
    ...(on('common-mode') && { commonMode: options.commonMode }),
    ...(on('round-photons') && { recast: options.recast }),
  }
}

function photonsOf({
  photonEnergy,
  aduPerKev,
  roundingThreshold,
  recast,
}: ChainRequest['options']): PhotonParams {
  const photon = Math.fround((photonEnergy ?? 0) * (aduPerKev ?? 0))
  if (!(photon > 0 && photon < Infinity))
    throw new UsageError('round-photons needs the energy of a photon, in keV, and how many ADU a keV is', {
      hint: 'Add --photon-energy and --adu-per-kev, or leave round-photons out',
    })
  if (!(roundingThreshold > 0 && roundingThreshold <= 1))
    throw new UsageError(`the rounding threshold ${roundingThreshold} is not a fraction above 0, at most 1`)
  return { photon, fraction: Math.fround(roundingThreshold), most: MOST_PHOTONS[recast] }
}

function reasonAgainst(step: string, available: ReadonlySet<string>): string | undefined {
  const slopes = available.has('SlopesPC')
  if (step === 'relative-gain' && !slopes && !available.has('RelativeGain'))
    return 'there is neither SlopesPC nor RelativeGain'
  if (step === 'adjust-mg-baseline' && !slopes) return 'there is no SlopesPC'
  if (step === 'xray-gain' && !available.has('SlopesFF')) return 'there is no SlopesFF'
  if (step === 'baseline-noise' && !available.has('Noise')) return 'there is no Noise'
  if (step === 'noisy-adc' && !available.has('BadPixelsDark')) return 'there is no BadPixelsDark'
  return undefined
}

/** The maps that come with steps which are done. */
function mapsOfSteps(steps: readonly string[], available: ReadonlySet<string>): string[] {
  const pulseCapacitor =
    steps.includes('adjust-mg-baseline') || (steps.includes('relative-gain') && available.has('SlopesPC'))
  return [
    'BadPixelsDark',
    ...(pulseCapacitor ? ['BadPixelsPC'] : []),
    ...(steps.includes('xray-gain') ? ['BadPixelsFF'] : []),
  ]
}

interface PlaneSources {
  readonly on: (step: StepName) => boolean
  readonly available: ReadonlySet<string>
  readonly maskMaps: readonly string[]
  readonly noisyShare: number
}

/** O0 M0 T0 T1 O1 M1 O2 M2, and with gain steps G0 X G1 G2 B1. */
function adaptivePlanes(sources: PlaneSources, gainSteps: boolean): PlaneRecipe[] {
  const { on } = sources
  const gap = on('low-medium-gap')
  const planes: PlaneRecipe[] = [
    offset(sources, 0),
    badPixels(sources, 0),
    on('threshold') ? { kind: 'medium-threshold', gap } : fill(NEUTRAL.infinite),
    on('threshold') ? { kind: 'low-threshold', gap } : fill(NEUTRAL.infinite),
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
    on('adjust-mg-baseline') ? { kind: 'pc-baseline' } : fill(NEUTRAL.minusZero),
  ]
}

/** O M, and with gain steps G X B. */
function fixedPlanes(sources: PlaneSources, gainSteps: boolean, gainMode: 1 | 2 | 3): PlaneRecipe[] {
  const stage = (gainMode - 1) as 0 | 1 | 2
  const planes = [offset(sources, stage), badPixels(sources, stage)]
  return gainSteps ? [...planes, fill(NEUTRAL.one), xrayGain(sources), fill(NEUTRAL.minusZero)] : planes
}

function offset({ on }: PlaneSources, stage: number): PlaneRecipe {
  return on('offset') ? { kind: 'value', calibration: 'Offset', index: stage } : fill(NEUTRAL.zero)
}

function badPixels({ on, maskMaps, noisyShare }: PlaneSources, stage: number): PlaneRecipe {
  if (!on('mask')) return fill(NEUTRAL.zero)
  return { kind: 'bad-pixels', calibrations: maskMaps, stage, ...(on('noisy-adc') && { noisyShare }) }
}

function relativeGain({ on, available }: PlaneSources, stage: 0 | 1 | 2): PlaneRecipe {
  if (!on('relative-gain')) return fill(NEUTRAL.one)
  if (available.has('SlopesPC')) return { kind: 'pc-gain', stage }
  return { kind: 'value', calibration: 'RelativeGain', index: stage }
}

function xrayGain({ on }: PlaneSources): PlaneRecipe {
  return on('xray-gain') ? { kind: 'xray-gain' } : fill(NEUTRAL.one)
}

function limit(step: StepName, value: number): number {
  if (!Number.isFinite(value))
    throw new UsageError(`the limit of ${step} is ${value}`, { hint: 'Give it a number in ADU' })
  return Math.fround(value)
}
