import type { Catalogue, ModuleConstants } from '../../../constants/catalogue/catalogue.js'
import type { Strategy } from '../../../constants/catalogue/select.js'
import { type Conditions, parameterNames, parseConditions } from '../../../constants/model/conditions.js'
import type { GainMode } from '../../corrections/steps.js'
import { UsageError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Run } from '../../sources/run/run.js'

export interface ConstantsRequest {
  readonly catalogue: Catalogue
  readonly run: Pick<Run, 'path' | 'detector' | 'karaboId' | 'conditions' | 'time'>
  readonly modules: readonly ModuleIndex[]
  /** Time of the run; absent: as the run records it. */
  readonly at?: Date
  readonly strategy: Strategy
  /** Conditions that were stated, `name → value`; they win over control data. */
  readonly stated: Readonly<Record<string, string | number>>
  readonly gainMode: GainMode
}

export interface FoundConstants {
  readonly constants: ReadonlyMap<ModuleIndex, ModuleConstants>
  /** Every condition that was known. */
  readonly conditions: Conditions
  /** What to do where one is missing. */
  readonly remedy: string
  /** As {@link Catalogue.namesMask}. */
  readonly namesMask: boolean
}

/**
 * Looks up the constants of a run's modules. Stated conditions win over control data; unknown ones match everything.
 * @throws UsageError if it is unknown when the run was taken. @throws ConstantsError if the catalogue cannot be read.
 */
export async function findConstants(request: ConstantsRequest): Promise<FoundConstants> {
  const { catalogue, run, modules, strategy, gainMode } = request
  const at = request.at ?? run.time
  if (at === undefined) {
    throw new UsageError('neither INDEX/timestamp nor METADATA tell when the run was taken', {
      place: { file: run.path },
      hint: 'State it with --at 2026-01-31T12:00:00Z',
    })
  }
  const stated = parseConditions(run.detector, request.stated)
  const gain = parameterNames(run.detector).includes('Gain mode') ? { 'Gain mode': gainMode } : {}
  const conditions: Conditions = { ...run.conditions, ...gain, ...stated }
  const constants = await catalogue.find({
    detector: run.detector,
    karaboId: run.karaboId,
    modules,
    calibrations: run.detector.calibrations.map(({ name }) => name),
    conditions,
    at,
    strategy,
  })
  return { constants, conditions, remedy: catalogue.remedy, namesMask: catalogue.namesMask }
}
