import { darkConstantsBytes } from '../../../constants/dark/arrays.js'
import type { DarkLimits } from '../../../constants/dark/limits.js'
import { planesOfCell } from '../../../constants/dark/planes.js'
import type { DarkRecipe } from '../../../constants/dark/recipe.js'
import type { Conditions } from '../../../constants/model/conditions.js'
import { type Detector, rawFrameBytes } from '../../detectors/detector.js'
import { darkRecipeOf } from '../../kits/kit.js'
import { DataError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { ConditionSource } from '../../sources/conditions/reader.js'
import type { JoinedRun } from '../../sources/run/join.js'
import type { PlanTotals } from '../plan/plan.js'
import { conditionProblems, type ToldConditions, toldConditions } from '../plan/told-conditions.js'
import { checkStages } from './check-runs.js'
import { framesByCell, type ModuleFrames } from './frames.js'
import { type DarkLanes, planDarkLanes } from './memory.js'

/** What a plan is made of; nothing is read while it is made. */
export interface DarkPlanInput {
  /** One run a gain stage, in order of the recipe's stages, joined; in parallel gain the same one for all. */
  readonly runs: readonly JoinedRun[]
  readonly limits: DarkLimits
  readonly conditions: Conditions
  /** The origin of each of `conditions`. */
  readonly conditionSources: Readonly<Record<string, ConditionSource>>
  readonly beginAt: Date
  /** The unit that each module is or becomes. */
  readonly pduOf: (module: ModuleIndex) => string
  readonly workers: number
  /** Bytes. */
  readonly memory: number
}

/** One module that will be characterised. */
export interface DarkModulePlan {
  readonly module: ModuleIndex
  readonly pdu: string
  /** Cells of its constants, 0 … cells − 1: up to the highest id that any stage has. */
  readonly cells: number
  /** By stage. */
  readonly stages: readonly ModuleFrames[]
}

/** What is read, found and entered into the catalogue, and in how much memory. */
export interface DarkPlan {
  readonly detector: Detector
  readonly karaboId: string
  readonly recipe: DarkRecipe
  readonly runs: readonly JoinedRun[]
  readonly limits: DarkLimits
  readonly conditions: Conditions
  /** The origin of each condition that the constants can depend on. */
  readonly told: ToldConditions
  readonly beginAt: Date
  /** `proposal:003049 runs:120 119 118`, in order of stages. */
  readonly rawData: string
  readonly modules: readonly DarkModulePlan[]
  readonly lanes: DarkLanes
  readonly workers: number
  readonly totals: PlanTotals
  readonly problems: readonly Problem[]
}

/** Of one group of conditions. */
const DARK = ['Offset', 'Noise', 'BadPixelsDark']

/**
 * Plans a characterisation: a pure function.
 * @throws DataError if the runs do not belong together or no module can be characterised. @throws UsageError if the
 * memory does not hold one module.
 */
export function planDark(input: DarkPlanInput): DarkPlan {
  const { runs, limits, conditions, beginAt, workers, memory } = input
  const [first] = runs
  if (first === undefined) throw new RangeError('no dark run')
  const { detector, karaboId, kit } = first.run
  const parallel = first.run.rawFrames > 1
  const recipe = parallel ? toldByPlace(darkRecipeOf(kit)) : darkRecipeOf(kit)
  const frames = runs.map((run, stage) => framesByCell(run, parallel ? stage : 0))
  const { modules: complete, problems } = checkStages(runs, frames, recipe)
  const modules = complete.map((module): DarkModulePlan => {
    const stages = frames.flatMap(stage => stage.get(module) ?? [])
    const cells = 1 + Math.max(...stages.flatMap(({ cells }) => [...cells.keys()]))
    return { module, pdu: input.pduOf(module), cells, stages }
  })
  if (modules.length === 0) throw nothingToDo(first, problems)
  const lanes = planDarkLanes(
    {
      detector,
      planes: planesOfCell(recipe),
      cells: Math.max(...modules.map(({ cells }) => cells)),
      frames: Math.max(...modules.flatMap(({ stages }) => stages.map(({ mostFrames }) => mostFrames))),
      modules: modules.length,
      thresholds: recipe.thresholds,
    },
    workers,
    memory,
  )
  const total = modules.reduce((sum, { stages }) => sum + stages.reduce((n, stage) => n + stage.frames, 0), 0)
  const totals = {
    trains: [...new Set(runs)].reduce((sum, { trains }) => sum + trains.length, 0),
    frames: total,
    rawBytes: total * rawFrameBytes(detector),
    outputBytes: modules.reduce((sum, { cells }) => sum + darkConstantsBytes(detector, recipe, cells), 0),
  }
  const rawData = reference(runs)
  // Constants of all stages serve every gain mode.
  const { 'Gain mode': _, ...told } = toldConditions(detector, conditions, input.conditionSources)
  return {
    ...{ detector, karaboId, recipe, runs, limits, conditions, told, beginAt, rawData },
    ...{ modules, lanes, workers, totals },
    problems: [
      ...problems,
      ...conditionProblems(detector, told, DARK, 'so that the constants will do for any'),
    ],
  }
}

/** In parallel gain a frame's position indicates its stage; its gain samples mean nothing. */
function toldByPlace({ gain: _, ...recipe }: DarkRecipe): DarkRecipe {
  return recipe
}

function reference(runs: readonly JoinedRun[]): string {
  const proposal = runs.find(({ run }) => run.proposal !== undefined)?.run.proposal
  const numbers = [...new Set(runs)].map(({ run }) => run.run ?? '?').join(' ')
  return `proposal:${String(proposal ?? 0).padStart(6, '0')} runs:${numbers}`
}

function nothingToDo({ run }: JoinedRun, problems: readonly Problem[]): DataError {
  const error = problems.find(({ severity }) => severity === 'error')
  const why = error ? `: module ${error.place.module ?? '?'}: ${error.message}` : ''
  return new DataError(`no module can be characterised${why}`, {
    place: { file: run.path },
    hint: 'Give the runs of all stages, each with at least two trains',
  })
}
