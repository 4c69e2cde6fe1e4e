import type { Catalogue } from '../../../constants/catalogue/catalogue.js'
import { RecordedCatalogue } from '../../../constants/catalogue/recorded/catalogue.js'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { parseConditions } from '../../../constants/model/conditions.js'
import type { GainMode } from '../../corrections/steps.js'
import { UsageError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { parseTime } from '../../model/time.js'
import type { Run } from '../../sources/run/run.js'
import { type ConstantsRequest, type FoundConstants, findConstants } from '../plan/find-constants.js'
import {
  conditionProblems,
  type ToldConditions,
  toldConditions,
  unstatedProblems,
  withStated,
} from '../plan/told-conditions.js'
import type { CheckedRequest } from './request.js'

/** Where a run's constants come from. */
export interface ConstantsOfRun {
  readonly catalogue: Catalogue
  /** Whether it has the same constants for runs of any time. */
  readonly timeless: boolean
}

/**
 * Where the request says that the constants are, to be opened when they are needed: in a metadata file, which is then
 * asked alone, or in a catalogue. Opening throws ConstantsError if it cannot be read.
 * @throws UsageError if the request names neither.
 */
export function constantsOfRequest({
  catalogue,
  constantsFrom,
  constantsRoot,
}: Pick<CheckedRequest, 'catalogue' | 'constantsFrom' | 'constantsRoot'>): () => Promise<ConstantsOfRun> {
  if (constantsFrom !== undefined)
    return async () => ({
      catalogue: await RecordedCatalogue.open(constantsFrom, constantsRoot),
      timeless: true,
    })
  if (constantsRoot !== undefined)
    throw new UsageError('--constants-root says nothing without --constants-from', {
      hint: 'Add --constants-from calibration_metadata_<DETECTOR>.yml',
    })
  if (catalogue === undefined)
    throw new UsageError('nothing says where the constants are', {
      hint: 'Add --catalogue DIR or --constants-from calibration_metadata_<DETECTOR>.yml',
    })
  return async () => ({ catalogue: SqliteCatalogue.open(catalogue), timeless: false })
}

/** The constants of a run, and what is known of the conditions that they were chosen by. */
export interface LookedUp extends FoundConstants {
  readonly told: ToldConditions
  /** Warnings about the conditions that `calibrations` depend on. */
  readonly doubts: (calibrations: readonly string[]) => Problem[]
}

/**
 * Looks up the constants of modules, and closes the catalogue.
 * @throws UsageError for conditions and times that cannot be, or if the time of the run is unknown. @throws ConstantsError if the catalogue cannot be read.
 */
export async function lookUp(
  { catalogue, timeless }: ConstantsOfRun,
  request: Pick<CheckedRequest, 'at' | 'strategy' | 'conditions' | 'gainMode'>,
  run: ConstantsRequest['run'] & Pick<Run, 'conditionSources'>,
  modules: readonly ModuleIndex[],
  gainMode: GainMode,
): Promise<LookedUp> {
  try {
    const at = request.at === undefined ? undefined : parseTime(request.at)
    // Constants that are named one by one are the same at any time, of which the run need not tell its own.
    const time = timeless ? (at ?? run.time ?? new Date(0)) : at
    const found = await findConstants({
      ...{ catalogue, run, modules, gainMode },
      ...(time === undefined ? {} : { at: time }),
      strategy: request.strategy,
      stated: request.conditions,
    })
    const { detector } = run
    const stated = parseConditions(detector, request.conditions)
    const option = request.gainMode === undefined ? {} : { 'Gain mode': gainMode }
    const sources = withStated(run.conditionSources, { ...stated, ...option })
    const told = toldConditions(detector, found.conditions, sources)
    // And the same under any conditions, but for the steps that follow from them.
    const relevant = timeless ? onlyAssumed(told) : told
    const doubts = (calibrations: readonly string[]) => [
      ...conditionProblems(detector, relevant, calibrations),
      ...(timeless
        ? []
        : unstatedProblems(detector, found.conditions, found.constants.values(), calibrations)),
    ]
    return { ...found, told, doubts }
  } finally {
    catalogue.close()
  }
}

function onlyAssumed(told: ToldConditions): ToldConditions {
  return Object.fromEntries(Object.entries(told).filter(([, { source }]) => source === 'assumed'))
}
