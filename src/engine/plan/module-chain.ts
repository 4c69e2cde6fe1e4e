import type { ModuleConstants } from '../../../constants/catalogue/catalogue.js'
import type { Chain } from '../../corrections/chain.js'
import { calibrationsOf } from '../../corrections/planes.js'
import type { GainMode, StepOptions } from '../../corrections/steps.js'
import { badPixelMapsOf } from '../../detectors/bad-pixel-maps.js'
import type { Detector } from '../../detectors/detector.js'
import type { DetectorKit } from '../../kits/kit.js'
import { type DetcalError, isDetcalError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'

/** The steps asked for, before it is known which constants there are. */
export interface StepRequest {
  readonly steps: readonly string[]
  readonly options: StepOptions
  readonly gainMode: GainMode
  /** The bad-pixel maps to make the masks of, by calibration; absent: those that the constants or the steps tell. */
  readonly maskMaps?: readonly string[]
}

/** What the chain of each module is made of, beside its constants. */
export interface ChainInput {
  readonly kit: Pick<DetectorKit, 'detector' | 'corrections'>
  /** Raw frames of a pulse. */
  readonly rawFrames: number
  readonly steps: StepRequest
  /** What to do if a constant is missing: an imperative sentence without the full stop. */
  readonly remedy: string
  /** The bad-pixel maps among the constants are those of the masks, whatever the steps, unless `steps` asks for others. */
  readonly namesMask: boolean
}

/** A module's chain, and what there is for it. */
export interface ResolvedModule {
  readonly chain: Chain
  /** Of bad-pixel maps only those that its mask is made of, since all that is named is taken again. */
  readonly constants: ModuleConstants
}

/**
 * What is done for a module, by what there is for it.
 * @param problems what is missing, unusable or skipped is added here.
 * @returns undefined if the module cannot be corrected, which is an error among `problems`.
 */
export function resolveModule(
  { kit, rawFrames, steps, remedy, namesMask }: ChainInput,
  module: ModuleIndex,
  constants: ModuleConstants | undefined,
  problems: Problem[],
): ResolvedModule | undefined {
  const { detector, corrections } = kit
  const { constants: usable = new Map(), unusable = new Map<string, DetcalError>() } = constants ?? {}
  problems.push(...(constants?.problems ?? []))
  const refuse = (message: string, file?: string): undefined => {
    const place = { module, ...(file === undefined ? {} : { file }) }
    const check = 'module_without_constants'
    problems.push({ check, severity: 'error', message: `not corrected: ${message}`, place })
  }
  const available = new Set([...usable.keys(), ...unusable.keys()])
  let chain: Chain
  try {
    chain = corrections.resolve({
      ...(namesMask ? { maskMaps: badPixelMapsOf(detector).filter(map => available.has(map)) } : {}),
      ...steps,
      rawFrames,
      available,
    })
  } catch (error) {
    if (!isDetcalError(error, 'constants')) throw error
    const [, miss] =
      [...(constants?.misses ?? [])].find(([name]) => error.message.includes(`no ${name}`)) ?? []
    return refuse([error.message, miss, error.hint ?? remedy].filter(Boolean).join('. '))
  }
  const needed = calibrationsOf(chain.planes)
  for (const [calibration, { message, place, hint }] of unusable) {
    const what = `${calibration} cannot be used: ${message}${hint === undefined ? '' : `. ${hint}`}`
    if (needed.includes(calibration)) return refuse(what, place.file)
    problems.push({
      check: 'constant_unusable',
      severity: 'warning',
      message: `not needed, but ${what}`,
      place: { ...place, module },
    })
  }
  const warn = (check: string, message: string): void => {
    problems.push({ check, severity: 'warning', message, place: { module } })
  }
  for (const { step, reason } of chain.skipped) warn('step_without_constant', `${step} skipped: ${reason}`)
  for (const map of chain.missingMaps) warn('mask_without_map', `the mask is without ${map}: there is none`)
  return constants && { chain, constants: withMaskMaps(chain, constants, detector) }
}

/** The constants without bad-pixel maps that the chain's mask is not made of. */
function withMaskMaps({ maskMaps }: Chain, found: ModuleConstants, detector: Detector): ModuleConstants {
  const others = new Set(badPixelMapsOf(detector).filter(map => !maskMaps.includes(map)))
  const constants = new Map([...found.constants].filter(([name]) => !others.has(name)))
  return { ...found, constants }
}
