import type { Corrections } from '../../corrections/chain.js'
import type { CommonModeParams } from '../../corrections/common-mode.js'
import { type GainMode, parseSteps, type StepTable } from '../../corrections/steps.js'
import { badPixelMapsOf, shortName } from '../../detectors/bad-pixel-maps.js'
import type { Detector } from '../../detectors/detector.js'
import type { DetectorKit } from '../../kits/kit.js'
import { UsageError } from '../../model/errors.js'
import { given } from '../../model/given.js'
import type { StepRequest } from '../plan/module-chain.js'
import type { CheckedRequest, STEP_FIELDS } from './request.js'

/** What of a request says how values are calculated. */
export type StepFields = Pick<CheckedRequest, keyof typeof STEP_FIELDS>

/** The steps that a request asks for. @throws UsageError for steps and maps that cannot be. */
export function stepRequestOf(
  request: StepFields,
  { detector, corrections }: Pick<DetectorKit, 'detector' | 'corrections'>,
  gainMode: GainMode,
): StepRequest {
  const steps = parseSteps(corrections.steps, namesOf(request, corrections, detector), gainMode)
  const maskMaps = askedMaps(request, detector, steps)
  return {
    steps,
    options: {
      forceMgLimit: request.mgHardThreshold,
      forceHgLimit: request.hgHardThreshold,
      sigmaHigh: request.sigmaHigh,
      sigmaMedium: request.sigmaMedium,
      zeroNans: request.zeroNans,
      zeroOrange: request.zeroOrange,
      commonMode: commonModeOf(request),
      baselineLimit: request.blcNoiseThreshold,
      noisyShare: request.noisyAdcThreshold,
      roundingThreshold: request.roundingThreshold,
      recast: request.recast,
      ...given({ photonEnergy: request.photonEnergy, aduPerKev: request.aduPerKev }),
    },
    gainMode,
    ...(maskMaps === undefined ? {} : { maskMaps }),
  }
}

function commonModeOf(request: StepFields): CommonModeParams {
  const [low, high] = rangeOf('--cm-dark-range', request.cmDarkRange)
  return {
    iterations: request.cmIterations,
    ...{ low, high, fraction: request.cmDarkFraction, part: request.cmPart },
    count: request.cmCount ?? (request.preset === 'production' ? 'nominal' : 'present'),
  }
}

/** `low,high`, each exactly an f32. */
function rangeOf(option: string, text: string): [number, number] {
  const bounds = text.split(',').map(bound => (bound.trim() === '' ? Number.NaN : Math.fround(Number(bound))))
  const [low = Number.NaN, high = Number.NaN] = bounds
  if (bounds.length === 2 && Number.isFinite(low) && Number.isFinite(high) && low < high) return [low, high]
  throw new UsageError(`${option} ${text} is not a range`, {
    hint: 'Give the least and the largest, as in -30,30',
  })
}

/** The names that a list holds. */
function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}

function namesOf(request: StepFields, corrections: Corrections, { name }: Detector): readonly string[] {
  if (request.steps !== undefined) {
    const names = itemsOf(request.steps)
    if (names.length > 0) return names
    throw new UsageError('--steps is empty', { hint: `Use some of ${corrections.defaultSteps.join(', ')}` })
  }
  const switches = Object.entries(request.switches)
  const off = new Set(switches.flatMap(([step, on]) => (on ? [] : [step])))
  const asked = new Set([
    ...presetSteps(corrections, request.preset).filter(step => !off.has(step)),
    ...switches.flatMap(([step, on]) => (on ? [step] : [])),
  ])
  const table: StepTable = corrections.steps
  const built = Object.keys(table).filter(step => asked.has(step) && table[step]?.built)
  const missing = [...asked].filter(step => !built.includes(step))
  if (missing.length === 0) return built
  throw new UsageError(
    `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not built yet for ${name}`,
    {
      hint: `To go on without, add --steps ${built.join(',')}`,
    },
  )
}

/** Steps of a preset that cannot be asked for yet: it is refused with them. */
export function unbuiltSteps(corrections: Corrections, preset: StepFields['preset']): string[] {
  const table: StepTable = corrections.steps
  return presetSteps(corrections, preset).filter(step => !table[step]?.built)
}

/** `offset-only` is the default chain without what comes after the offset, mask and range aside. */
function presetSteps(
  { steps, defaultSteps, productionSteps }: Corrections,
  preset: StepFields['preset'],
): readonly string[] {
  if (preset === 'production') return productionSteps
  if (preset === 'default') return defaultSteps
  const order = Object.keys(steps)
  const kept = [...order.slice(0, order.indexOf('offset') + 1), 'mask', 'range']
  return defaultSteps.filter(step => kept.includes(step))
}

/**
 * The bad-pixel maps asked for, by calibration, in the detector's order; undefined: none in particular.
 * @throws UsageError for a map that the detector does not have, and where no mask is made.
 */
function askedMaps(
  { badPixels }: StepFields,
  detector: Detector,
  steps: readonly string[],
): readonly string[] | undefined {
  if (badPixels === undefined) return undefined
  const known = badPixelMapsOf(detector)
  const hint = `Use some of ${known.map(shortName).join(', ')}`
  const names = itemsOf(badPixels.toLowerCase())
  if (names.length === 0)
    throw new UsageError('--bad-pixels is empty', { hint: `${hint}, or leave mask out of --steps` })
  for (const name of names)
    if (!known.some(map => shortName(map) === name))
      throw new UsageError(`${detector.name} has no bad-pixel map ${JSON.stringify(name)}`, { hint })
  if (!steps.includes('mask'))
    throw new UsageError('--bad-pixels says nothing without the step mask', { hint: 'Add mask to --steps' })
  return known.filter(map => names.includes(shortName(map)))
}
