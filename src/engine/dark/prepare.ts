import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import type { DarkLimits } from '../../../constants/dark/limits.js'
import type { DarkRecipe, StageName } from '../../../constants/dark/recipe.js'
import { parseConditions } from '../../../constants/model/conditions.js'
import type { Detector } from '../../detectors/detector.js'
import { type DetectorKit, darkRecipeOf } from '../../kits/kit.js'
import { DataError, UsageError } from '../../model/errors.js'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'
import { type JoinedRun, joinRun } from '../../sources/run/join.js'
import { openRun } from '../../sources/run/open-run.js'
import type { Selection } from '../../sources/run/query.js'
import type { Run } from '../../sources/run/run.js'
import { withStated } from '../plan/told-conditions.js'
import { checkRuns, darkConditions } from './check-runs.js'
import { type DarkPlan, planDark } from './plan.js'

/** What is asked for. */
export interface DarkRequest {
  /** Folders of the RAW runs: one of each stage, or `run` for one that has all. */
  readonly runs: Readonly<Partial<Record<StageName | 'run', string>>>
  readonly catalogue: string
  /** `auto`, a detector's id or a Karabo name. */
  readonly detector?: string
  /** Whether the run was taken in parallel gain; absent: as its control data say. */
  readonly parallelGain?: boolean
  /** The detectors that are looked for; absent: all that detcal knows. */
  readonly kits?: readonly DetectorKit[]
  /** What of the runs is used. */
  readonly selection: (detector: Detector) => Selection
  /** The limits in force, from the detector's own. */
  readonly limits: (recipe: DarkRecipe) => DarkLimits
  /** Conditions that were stated, `name → value`; they win over control data. */
  readonly stated: Readonly<Record<string, string>>
  /** From when the constants are valid; absent: when the first run was taken. */
  readonly beginAt?: Date
  readonly workers: number
  readonly memory: number
  readonly signal?: AbortSignal
}

/**
 * Opens the runs and plans their characterisation.
 * @throws UsageError, DataError as {@link openRun} and {@link planDark} do, and if the runs given are not those that
 * the detector needs.
 */
export async function prepareDark(request: DarkRequest): Promise<DarkPlan> {
  const given = Object.entries(request.runs).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  const [some] = given
  if (some === undefined)
    throw new UsageError('no dark run is named', { hint: 'Give --high, --medium and --low, or --run' })
  const { signal, parallelGain, kits } = request
  const options = {
    detector: request.detector ?? 'auto',
    ...(signal && { signal }),
    ...(kits && { kits }),
    ...(parallelGain !== undefined && { parallelGain }),
  }
  const opened = new Map<string, Run>()
  for (const [name, path] of given) opened.set(name, await openRun(path, options))
  const kit = opened.get(some[0])?.kit
  if (kit === undefined) throw new RangeError('no run was opened')
  const { detector } = kit
  const recipe = darkRecipeOf(kit)
  const runs = stagesOf(detector, recipe, opened)
  checkRuns(runs, recipe)
  const beginAt = request.beginAt ?? earliest(runs)
  const stated = parseConditions(detector, request.stated)
  const sources: Run['conditionSources'] = Object.assign(
    {},
    ...runs.toReversed().map(run => run.conditionSources),
  )
  return planDark({
    runs: joined(runs, request.selection(detector)),
    limits: request.limits(recipe),
    conditions: darkConditions(runs, recipe, stated),
    conditionSources: withStated(sources, stated),
    beginAt,
    pduOf: units(request.catalogue, runs[0]?.karaboId ?? detector.id, detector, beginAt),
    workers: request.workers,
    memory: request.memory,
  })
}

/** In parallel gain all stages are the same joined run. */
function joined(runs: readonly Run[], selection: Selection): JoinedRun[] {
  const unique = new Map([...new Set(runs)].map(run => [run, joinRun(run, selection)]))
  return runs.flatMap(run => unique.get(run) ?? [])
}

/** The runs in order of the detector's stages: one each, or one in parallel gain for all. @throws UsageError */
function stagesOf(detector: Detector, { stages }: DarkRecipe, opened: ReadonlyMap<string, Run>): Run[] {
  const alone = opened.size === 1 ? opened.get('run') : undefined
  if (alone && alone.rawFrames > 1) return stages.map(() => alone)
  const untold = alone?.problems.find(
    ({ check, severity }) => check === 'parallel_gain' && severity === 'error',
  )
  if (untold) throw new DataError(untold.message, { place: untold.place })
  const wanted: readonly string[] = stages.length === 1 ? ['run'] : stages
  const missing = wanted.filter(name => !opened.has(name))
  const needless = [...opened.keys()].filter(name => !wanted.includes(name))
  if (missing.length > 0 || needless.length > 0)
    throw new UsageError(
      `${detector.name} is characterised from ${wanted.length === 1 ? 'one dark run' : `${wanted.length} dark runs`}`,
      {
        hint: `Give ${wanted.map(name => `--${name} RUN`).join(' ')}${detector.parallelFrames ? ', or one in parallel gain as --run RUN' : ''}, and no other`,
      },
    )
  for (const { path, rawFrames } of opened.values())
    if (rawFrames > 1)
      throw new UsageError('was taken in parallel gain, so that it has all stages', {
        place: { file: path },
        hint: 'Give it alone, as --run',
      })
  return wanted.flatMap(name => opened.get(name) ?? [])
}

function earliest(runs: readonly Run[]): Date {
  const times = runs.flatMap(({ time }) => (time === undefined ? [] : [time.getTime()]))
  if (times.length > 0) return new Date(Math.min(...times))
  throw new UsageError('neither INDEX/timestamp nor METADATA tell when the runs were taken', {
    place: { file: runs[0]?.path ?? '' },
    hint: 'State it with --begin-at 2026-01-31T12:00:00Z',
  })
}

/** The unit that the catalogue knows a module as, else `<DETECTOR>_M<NN>`. */
function units(
  root: string,
  karaboId: string,
  detector: Detector,
  at: Date,
): (module: ModuleIndex) => string {
  const catalogue = existsSync(join(root, 'catalogue.sqlite')) ? SqliteCatalogue.open(root) : undefined
  const known = new Map<number, string>()
  try {
    for (let module = 0; module < detector.moduleCount; module++) {
      const pdu = catalogue?.pduAt(karaboId, module, at) ?? catalogue?.pduAt(detector.id, module, at)
      if (pdu !== undefined) known.set(module, pdu)
    }
  } finally {
    catalogue?.close()
  }
  return module => known.get(module) ?? `${karaboId.toUpperCase()}_M${twoDigits(module)}`
}
