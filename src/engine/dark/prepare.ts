import { resolve } from 'node:path'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import type { DarkRecipe } from '../../../constants/dark/recipe.js'
import { parseConditions } from '../../../constants/model/conditions.js'
import type { Detector } from '../../detectors/detector.js'
import { darkRecipeOf } from '../../kits/kit.js'
import { DataError, UsageError } from '../../model/errors.js'
import { given } from '../../model/given.js'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'
import { parseTime } from '../../model/time.js'
import type { Selection } from '../../sources/run/join.js'
import { type JoinedRun, joinRun } from '../../sources/run/join.js'
import { openRun } from '../../sources/run/open-run.js'
import type { Run } from '../../sources/run/run.js'
import { machineLimits, memoryBudget } from '../plan/budget.js'
import { withStated } from '../plan/told-conditions.js'
import { type MachineOptions, selectionOf } from '../run/prepare.js'
import { checkRuns, darkConditions } from './check-runs.js'
import { type DarkPlan, planDark } from './plan.js'
import { checkDarkRequest, type DarkRequest, limitsOf } from './request.js'

/**
 * Opens the runs that a request names and plans their characterisation.
 * @throws UsageError, DataError as {@link openRun} and {@link planDark} do, for options that cannot be, and if the runs
 * given are not those that the detector needs.
 */
export async function prepareDark(request: DarkRequest, options: MachineOptions = {}): Promise<DarkPlan> {
  const { signal, kits } = options
  const machine = machineLimits()
  const asked = checkDarkRequest(request)
  const { parallelGain } = asked
  const stated = asked.beginAt === undefined ? undefined : parseTime(asked.beginAt)
  const opened = new Map<string, Run>()
  for (const [name, path] of Object.entries(asked.runs)) {
    if (path === undefined) continue
    const run = await openRun(resolve(path), {
      detector: asked.detector,
      ...given({ parallelGain, signal, kits }),
    })
    opened.set(name, run)
  }
  const [some] = opened.values()
  if (some === undefined)
    throw new UsageError('no dark run is named', { hint: 'Give --high, --medium and --low, or --run' })
  const { detector, kit } = some
  const recipe = darkRecipeOf(kit)
  const runs = stagesOf(detector, recipe, opened)
  checkRuns(runs, recipe)
  const beginAt = stated ?? earliest(runs)
  const conditions = parseConditions(detector, asked.conditions)
  const sources: Run['conditionSources'] = Object.assign(
    {},
    ...runs.toReversed().map(run => run.conditionSources),
  )
  return planDark({
    runs: joined(runs, selectionOf(asked, detector)),
    limits: limitsOf(asked, recipe),
    conditions: darkConditions(runs, recipe, conditions),
    conditionSources: withStated(sources, conditions),
    beginAt,
    pduOf: units(asked.catalogue, runs[0]?.karaboId ?? detector.id, detector, beginAt),
    workers: options.workers ?? machine.cpus,
    memory: options.memory ?? memoryBudget(undefined, machine),
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
  const catalogue = SqliteCatalogue.isThere(root) ? SqliteCatalogue.open(root) : undefined
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
