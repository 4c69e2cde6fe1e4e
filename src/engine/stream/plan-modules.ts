import type { Catalogue } from '../../../constants/catalogue/catalogue.js'
import type { ConstantVersion } from '../../../constants/model/version.js'
import type { Chain } from '../../corrections/chain.js'
import { calibrationsOf } from '../../corrections/planes.js'
import type { GainMode, StepTable } from '../../corrections/steps.js'
import type { DetectorKit } from '../../kits/kit.js'
import { UsageError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { RunConditions } from '../../sources/conditions/reader.js'
import { type ResolvedModule, resolveModule, type StepRequest } from '../plan/module-chain.js'
import type { ToldConditions } from '../plan/told-conditions.js'
import { constantsOfRequest, lookUp } from '../run/constants-of-request.js'
import { gainModeOf, parallelGainOf } from '../run/gain-of-request.js'
import type { CheckedRequest, CONSTANTS_FIELDS, STEP_FIELDS } from '../run/request.js'
import { stepRequestOf } from '../run/steps-of-request.js'

/** Instead of steps: raw numbers stay as they are, and no constants are needed. */
export const NO_STEPS = 'none'

/** What of a request decides how frames of a stream are corrected, and with what. */
export type StreamFields = Pick<CheckedRequest, keyof typeof CONSTANTS_FIELDS | keyof typeof STEP_FIELDS>

/** A detector whose frames come as a stream. */
export interface StreamedDetector {
  readonly kit: DetectorKit
  readonly karaboId: string
  readonly modules: readonly ModuleIndex[]
  /** What its frames say of the operating conditions. */
  readonly conditions?: Pick<RunConditions, 'values' | 'sources'>
}

/** How each module of a stream is corrected. */
export interface PlannedModules {
  /** Those that can be corrected. */
  readonly modules: ReadonlyMap<ModuleIndex, ResolvedModule>
  /** Constants of each, by calibration. */
  readonly constants: ReadonlyMap<ModuleIndex, ReadonlyMap<string, ConstantVersion>>
  readonly told: ToldConditions
  /** Why modules cannot be corrected, and what is doubtful. */
  readonly problems: readonly Problem[]
}

/** Raw frames of a pulse: more than one in parallel gain. */
export function rawFramesAPulse(asked: StreamFields, { detector }: Pick<DetectorKit, 'detector'>): number {
  return parallelGainOf(asked) ? (detector.parallelFrames ?? 1) : 1
}

/** @throws UsageError for steps or a gain mode that the detector does not have. */
export function checkStreamSteps(asked: StreamFields, kit: DetectorKit): void {
  if (asked.steps !== NO_STEPS) streamSteps(asked, kit, gainModeOf(asked, kit.detector, undefined))
}

/**
 * The steps of a stream: a train stands for itself. Of the common mode part (b) is done alone, which is a warning.
 * @throws UsageError for steps that need all trains of a file, by name.
 */
function streamSteps(
  asked: StreamFields,
  kit: DetectorKit,
  gainMode: GainMode,
): { readonly steps: StepRequest; readonly doubts: readonly Problem[] } {
  const steps = stepRequestOf(asked, kit, gainMode)
  const table: StepTable = kit.corrections.steps
  const comparing = steps.steps.find(step => table[step]?.comparesTrains)
  if (comparing !== undefined)
    throw new UsageError(`${comparing} compares all trains of a file, and a stream has none`, {
      hint: `Leave ${comparing} out`,
    })
  const { commonMode } = steps.options
  if (!steps.steps.includes('common-mode') || commonMode.part === 'image') return { steps, doubts: [] }
  const message =
    'common-mode is that of each image alone: over pixels it needs all trains of a file, which a stream does not have. --cm-part image corrects files in the same way'
  return {
    steps: { ...steps, options: { ...steps.options, commonMode: { ...commonMode, part: 'image' } } },
    doubts: [{ check: 'common_mode_of_images', severity: 'warning', message, place: {} }],
  }
}

/**
 * Looks up constants and resolves the chain of each module.
 * @throws UsageError for options that cannot be. @throws ConstantsError if the catalogue cannot be read.
 */
export async function planModules(
  asked: StreamFields,
  { kit, karaboId, modules, conditions }: StreamedDetector,
): Promise<PlannedModules> {
  const { detector } = kit
  const rawFrames = rawFramesAPulse(asked, kit)
  if (asked.steps === NO_STEPS) return uncorrected(modules, rawFrames)
  const gainMode = gainModeOf(asked, detector, undefined)
  const { steps, doubts: ofSteps } = streamSteps(asked, kit, gainMode)
  const source: { catalogue: Catalogue; timeless: boolean } = await constantsOfRequest(asked)()
  const parallel = (detector.parallelFrames ?? 1) > 1
  const run = {
    ...{ detector, path: '', time: undefined, karaboId },
    conditions: { ...conditions?.values, ...(parallel && { 'Parallel gain': Number(rawFrames > 1) }) },
    conditionSources: {
      ...conditions?.sources,
      ...(parallel && { 'Parallel gain': 'option' as const }),
    },
  }
  const { constants, doubts, told, ...found } = await lookUp(source, asked, run, modules, gainMode)
  const problems: Problem[] = []
  const resolved = new Map<ModuleIndex, ResolvedModule>()
  for (const module of modules) {
    const one = resolveModule({ ...found, kit, rawFrames, steps }, module, constants.get(module), problems)
    if (one !== undefined) resolved.set(module, one)
  }
  const used = [...resolved.values()].flatMap(({ chain }) => calibrationsOf(chain.planes))
  return {
    modules: resolved,
    constants: new Map([...resolved].map(([module, { constants }]) => [module, constants.constants])),
    told,
    problems: [...ofSteps, ...problems, ...doubts(used)],
  }
}

function uncorrected(modules: readonly ModuleIndex[], rawFrames: number): PlannedModules {
  const chain: Chain = {
    ...{ kernel: 'uncorrected', params: [], planes: [], rawFrames, gainMode: 0 },
    ...{ steps: [], skipped: [], maskMaps: [], missingMaps: [] },
  }
  const constants = { pdu: '', constants: new Map() }
  return {
    modules: new Map(modules.map(module => [module, { chain, constants }])),
    ...{ constants: new Map(), told: {}, problems: [] },
  }
}
