import type { ModuleConstants } from '../../../constants/catalogue/catalogue.js'
import { type ImportReport, importAllConstants } from '../../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import type { Lane } from '../../memory/lane.js'
import { isDetcalError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import { StoppedError } from '../../model/interruptions.js'
import type { Problem } from '../../model/problem.js'
import { type RunOptions, running } from '../run/running.js'
import { type ModuleQueue, throughLanes } from '../run/through-lanes.js'
import { type DarkContext, DarkModuleRun } from './module-run.js'
import type { DarkModule, DarkOutcome } from './outcome.js'
import type { DarkModulePlan, DarkPlan } from './plan.js'
import { Staging } from './staging.js'

/** How a characterisation is executed. What is told of progress, after every strip, is the share of the work that is done. */
export interface DarkOptions extends RunOptions {
  /** Folder of the catalogue; made if it is not there. */
  readonly catalogue: string
  /** Who makes the constants: `detcal 0.1.0+3f2a9c04d71e5b86`. */
  readonly software: string
}

/**
 * Executes a plan: modules go through the lanes, their constants are written beside the catalogue's store, and enter
 * it together in one transaction when the last module is done.
 *
 * A module that fails is in the outcome's problems and gets no constants.
 * @throws what the first module failed with if all do; OutputError or ConstantsError if the catalogue cannot be
 * written; StoppedError once `signal` is aborted. Nothing is entered then, and nothing left behind.
 */
export async function darkRun(plan: DarkPlan, options: DarkOptions): Promise<DarkOutcome> {
  const { catalogue, software } = options
  const open = () => Staging.open(catalogue, plan.totals.outputBytes)
  return running(plan, options, open, async (staging, { stop, progress, engine, endThreads }) => {
    // Threads load their modules meanwhile.
    const started = await engine()
    const previous = await previousConstants(plan, catalogue)
    const rows = plan.totals.frames * plan.detector.slowScan
    const { modules, problems } = await characterise({
      ...{ plan, stop, software },
      engine: started,
      pathOf: module => staging.path(module.module),
      previous: ({ module }) => previous.get(module),
      onRows: done => progress.add(done, rows),
    })
    endThreads()
    const { versions } = await enter(plan, modules, catalogue, staging)
    staging.keepCatalogue()
    const found = [...problems, ...modules.flatMap(module => module.problems), ...progress.problems]
    return { modules, versions, problems: [...plan.problems, ...found] }
  })
}

/** The constants that were valid just before these begin. */
async function previousConstants(
  { detector, karaboId, conditions, beginAt, modules }: DarkPlan,
  root: string,
): Promise<ReadonlyMap<ModuleIndex, ModuleConstants>> {
  if (!SqliteCatalogue.isThere(root)) return new Map()
  return SqliteCatalogue.using(root, catalogue =>
    catalogue.find({
      detector,
      karaboId,
      modules: modules.map(({ module }) => module),
      calibrations: ['Offset', 'Noise', 'BadPixelsDark'],
      conditions,
      at: new Date(beginAt.getTime() - 1),
      strategy: 'prior',
    }),
  )
}

async function characterise(
  context: DarkContext,
): Promise<{ modules: DarkModule[]; problems: readonly Problem[] }> {
  const { plan, stop } = context
  const failures: { module: ModuleIndex; error: unknown }[] = []
  const through = async (lane: Lane, queue: ModuleQueue<DarkModulePlan>): Promise<DarkModule[]> => {
    const done: DarkModule[] = []
    for (let next = queue.next(); next !== undefined && !stop.signal.aborted; next = queue.next()) {
      try {
        done.push(await new DarkModuleRun(next, lane, context).run())
      } catch (error) {
        // Neither is about this module alone.
        if (error instanceof StoppedError || isDetcalError(error, 'output')) throw error
        failures.push({ module: next.module, error })
      }
    }
    return done
  }
  const modules = await throughLanes(plan.modules, plan.lanes, context, through)
  const [first] = failures
  if (modules.length === 0 && first !== undefined) throw first.error
  return { modules, problems: failures.map(({ module, error }) => failure(module, error)) }
}

async function enter(
  { detector, karaboId, beginAt, conditions, rawData }: DarkPlan,
  modules: readonly DarkModule[],
  root: string,
  staging: Staging,
): Promise<ImportReport> {
  const requests = modules.map(({ module, pdu, written }) => ({
    ...{ detector, detectorName: karaboId, module, pdu, beginAt, conditions, rawData },
    files: [staging.path(module)],
    move: written,
  }))
  return SqliteCatalogue.using(root, catalogue => importAllConstants(catalogue, requests), 'write')
}

function failure(module: ModuleIndex, error: unknown): Problem {
  const { message, hint, place } = isDetcalError(error)
    ? error
    : { message: error instanceof Error ? error.message : String(error), hint: undefined, place: {} }
  return {
    check: 'dark_failed',
    severity: 'error',
    message: hint === undefined ? `not characterised: ${message}` : `not characterised: ${message}. ${hint}`,
    place: { ...place, module },
  }
}
