import { type DarkRecipe, stageText } from '../../../constants/dark/recipe.js'
import { type Conditions, conditionText } from '../../../constants/model/conditions.js'
import { DataError, UsageError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { sameValue } from '../../model/same-value.js'
import type { JoinedRun } from '../../sources/run/join.js'
import type { Run } from '../../sources/run/run.js'
import { shortList } from '../../sources/run/short-list.js'
import type { ModuleFrames } from './frames.js'

/** Fewer trains than these give a noise that is good to less than ten percent: worth a warning. */
const FEW_TRAINS = 50
/** Counts of frames are 16 bits in the kernel. */
const MOST_FRAMES = 65_535

/** Checks that find a module without frames. */
const NO_MODULE: ReadonlySet<string> = new Set(['modules_present', 'frames_present'])

type Stages = readonly ReadonlyMap<ModuleIndex, ModuleFrames>[]

/** Modules that all stages have enough of, ascending, and everything that is wrong with the runs. */
export function checkStages(
  runs: readonly JoinedRun[],
  stages: Stages,
  recipe: DarkRecipe,
): { readonly modules: readonly ModuleIndex[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [...new Set(runs)].flatMap(({ problems }) =>
    // Said once for all runs instead.
    problems.filter(({ check }) => !NO_MODULE.has(check)),
  )
  problems.push(...absent(runs))
  const found = [...new Set(stages.flatMap(stage => [...stage.keys()]))].sort((a, b) => a - b)
  const modules = found.filter(module => {
    const why = unusable(module, runs, stages, recipe)
    if (why !== undefined)
      problems.push({ check: 'dark_stages', severity: 'error', message: why, place: { module } })
    return why === undefined
  })
  problems.push(...trainCounts(runs, stages, recipe, modules), ...cells(stages, recipe, modules))
  return { modules, problems }
}

/** Modules, of those selected, that no run has a frame of: one warning for all. */
function absent(runs: readonly JoinedRun[]): Problem[] {
  const lacking = runs.map(
    ({ problems }) =>
      new Set(problems.filter(({ check }) => NO_MODULE.has(check)).map(({ place }) => place.module ?? -1)),
  )
  const modules = [...(lacking[0] ?? [])].filter(module => lacking.every(other => other.has(module)))
  if (modules.length === 0) return []
  const message = `no dark data of ${modules.length === 1 ? 'module' : 'modules'} ${shortList(modules, 16)}: no constants`
  return [{ check: 'modules_present', severity: 'warning', message, place: {} }]
}

/** Why a module cannot be characterised. */
function unusable(
  module: ModuleIndex,
  runs: readonly JoinedRun[],
  stages: Stages,
  recipe: DarkRecipe,
): string | undefined {
  for (const [i, name] of recipe.stages.entries()) {
    const frames = stages[i]?.get(module)
    const of = new Set(runs).size === 1 ? 'its dark run' : `the ${name} gain run`
    const where = `${of} (${runs[i]?.run.path})`
    if (frames === undefined) return `not characterised: ${where} has no frames of it`
    if (frames.trains < 2)
      return `not characterised: ${where} has ${frames.trains} train, and noise needs two at least`
    if (frames.mostFrames > MOST_FRAMES)
      return `not characterised: ${where} has ${frames.mostFrames} frames of a cell, more than ${MOST_FRAMES}. Select some with --trains`
  }
  return undefined
}

function trainCounts(
  runs: readonly JoinedRun[],
  stages: Stages,
  recipe: DarkRecipe,
  modules: readonly ModuleIndex[],
): Problem[] {
  return recipe.stages.flatMap((name, i) => {
    // In parallel gain said once for all stages.
    if (i > 0 && runs[i] === runs[0]) return []
    const file = runs[i]?.run.path ?? ''
    const counts = modules.map(module => stages[i]?.get(module)?.trains ?? 0)
    const most = counts.reduce((a, b) => Math.max(a, b), 0)
    const fewer = modules.filter((_, m) => counts[m] !== most)
    const warning = (check: string, message: string): Problem => ({
      check,
      severity: 'warning',
      message,
      place: { file },
    })
    return [
      ...(most < FEW_TRAINS && modules.length > 0
        ? [
            warning(
              'few_trains',
              `${stageText(name, '', ': ')}${most} trains make noise uncertain by ${uncertainty(most)} %`,
            ),
          ]
        : []),
      ...(fewer.length > 0
        ? [
            warning(
              'train_counts',
              `${stageText(name, '', ': ')}modules ${shortList(fewer, 16)} have fewer trains than the ${most} of the others`,
            ),
          ]
        : []),
    ]
  })
}

/** Relative error of a standard deviation of `n` samples, percent. */
function uncertainty(n: number): number {
  return Math.round(100 / Math.sqrt(2 * (n - 1)))
}

/** Cells that only some stages have: the others' constants are NaN there. */
function cells(stages: Stages, recipe: DarkRecipe, modules: readonly ModuleIndex[]): Problem[] {
  return modules.flatMap(module => {
    const all = new Set(stages.flatMap(stage => [...(stage.get(module)?.cells.keys() ?? [])]))
    return recipe.stages.flatMap((name, i): Problem[] => {
      const missing = [...all].filter(cell => !stages[i]?.get(module)?.cells.has(cell)).sort((a, b) => a - b)
      if (missing.length === 0) return []
      const message = `the ${name} gain run lacks cells ${shortList(missing, 8)}, which other runs have: they are marked NO_DARK_DATA`
      return [{ check: 'dark_cells', severity: 'warning', message, place: { module } }]
    })
  })
}

/** @throws UsageError if a run is given twice. @throws DataError if the runs are not of one detector. */
export function checkRuns(runs: readonly Run[], recipe: DarkRecipe): void {
  const [first] = runs
  for (const [i, run] of runs.entries()) {
    const before = runs.findIndex(({ path }) => path === run.path)
    if (before < i && runs[before] !== run)
      throw new UsageError(
        `${run.path} is given for ${recipe.stages[before]} and for ${recipe.stages[i]} gain`,
        {
          hint: 'Give a run of its own for each stage',
        },
      )
    if (first && run.karaboId !== first.karaboId)
      throw new DataError(
        `is of ${run.karaboId}, the${stageText(recipe.stages[0], ' ')} run of ${first.karaboId}`,
        {
          place: { file: run.path },
          hint: 'Give dark runs of one detector',
        },
      )
  }
}

function sameCondition(a: number | string | undefined, b: number | string): boolean {
  return typeof a === 'number' && typeof b === 'number' ? sameValue(a, b) : a === b
}

/**
 * The operating conditions that constants of the runs are valid for: stated ones first, then those that the runs tell.
 * The gain mode is omitted: it indicates how the stages were forced, and constants of all stages serve every mode.
 * @throws DataError if the runs tell different ones.
 */
export function darkConditions(runs: readonly Run[], recipe: DarkRecipe, stated: Conditions): Conditions {
  const conditions: Record<string, number | string> = { ...recipe.conditions }
  const toldBy = new Map<string, string>()
  for (const run of runs) {
    for (const [name, value] of Object.entries(run.conditions)) {
      if (name === 'Gain mode' || name in stated) continue
      const other = toldBy.get(name)
      if (other !== undefined && !sameCondition(conditions[name], value))
        throw new DataError(
          `${name} is ${conditionText(name, value)}, but ${conditionText(name, conditions[name] ?? '')} in ${other}`,
          {
            place: { file: run.path },
            hint: `Give dark runs that belong together, or state --condition "${name}=…"`,
          },
        )
      conditions[name] = value
      toldBy.set(name, run.path)
    }
  }
  return { ...conditions, ...stated }
}
