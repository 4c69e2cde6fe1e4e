import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ModuleConstants } from '../../../constants/catalogue/catalogue.js'
import { type ImportReport, importAllConstants } from '../../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import type { Lane } from '../../memory/lane.js'
import { isDetcalError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import { StoppedError } from '../../model/interruptions.js'
import type { Problem } from '../../model/problem.js'
import { type ModuleQueue, throughLanes } from '../run/through-lanes.js'
import { Engine } from '../threads/engine.js'
import { RunStop } from '../threads/job.js'
import { DarkModuleRun } from './module-run.js'
import type { DarkModule, DarkOutcome } from './outcome.js'
import type { DarkModulePlan, DarkPlan } from './plan.js'
import { Staging } from './staging.js'

export interface DarkOptions {
  /** Folder of the catalogue; made if it is not there. */
  readonly catalogue: string
  /** Who makes the constants: `detcal 0.1.0+3f2a9c04d71e5b86`. */
  readonly software: string
  readonly signal?: AbortSignal
  /** Told after every strip which share of the work is done. */
  readonly onProgress?: (share: number) => void
  /** Threads and lanes to use, which are still there afterwards; absent: the run has its own. */
  readonly engine?: Engine
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
  const start = performance.now()
  if (options.signal?.aborted) throw new StoppedError()
  const staging = Staging.open(options.catalogue, plan.totals.outputBytes)
  const stop = new RunStop(options.signal)
  let own: Engine | undefined
  try {
    own = options.engine ? undefined : await Engine.start({ workers: plan.workers })
    const engine = options.engine ?? (own as Engine)
    const previous = await previousConstants(plan, options.catalogue)
    const { modules, problems } = await characterise(plan, options, { engine, stop }, staging, previous)
    if (stop.signal.aborted) throw new StoppedError()
    // Threads end while the constants are entered.
    const ended = own?.close()
    const { versions } = await enter(plan, modules, options.catalogue, staging)
    staging.keepCatalogue()
    await ended
    return {
      modules,
      versions,
      problems: [...plan.problems, ...problems, ...modules.flatMap(module => module.problems)],
      frames: plan.totals.frames,
      rawBytes: plan.totals.rawBytes,
      seconds: (performance.now() - start) / 1000,
      peakMemory: process.resourceUsage().maxRSS * 1024,
    }
  } finally {
    stop.end()
    await own?.close()
    staging.close()
  }
}

/** The constants that were valid just before these begin. */
async function previousConstants(
  { detector, karaboId, conditions, beginAt, modules }: DarkPlan,
  root: string,
): Promise<ReadonlyMap<ModuleIndex, ModuleConstants>> {
  if (!existsSync(join(root, 'catalogue.sqlite'))) return new Map()
  const catalogue = SqliteCatalogue.open(root)
  try {
    return await catalogue.find({
      detector,
      karaboId,
      modules: modules.map(({ module }) => module),
      calibrations: ['Offset', 'Noise', 'BadPixelsDark'],
      conditions,
      at: new Date(beginAt.getTime() - 1),
      strategy: 'prior',
    })
  } finally {
    catalogue.close()
  }
}

async function characterise(
  plan: DarkPlan,
  options: DarkOptions,
  { engine, stop }: { readonly engine: Engine; readonly stop: RunStop },
  staging: Staging,
  previous: ReadonlyMap<ModuleIndex, ModuleConstants>,
): Promise<{ modules: DarkModule[]; problems: Problem[] }> {
  const lanes = engine.lanes.lend(plan.lanes.count, plan.lanes.layout)
  const context = {
    plan,
    engine,
    stop,
    software: options.software,
    pathOf: (module: DarkModulePlan) => staging.path(module.module),
    previous: ({ module }: DarkModulePlan) => previous.get(module),
    onRows: progress(plan, options),
  }
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
  try {
    const modules = await throughLanes(plan.modules, lanes, through)
    const [first] = failures
    if (modules.length === 0 && first !== undefined) throw first.error
    return { modules, problems: failures.map(({ module, error }) => failure(module, error)) }
  } finally {
    engine.lanes.giveBack(lanes)
  }
}

async function enter(
  { detector, karaboId, beginAt, conditions, rawData }: DarkPlan,
  modules: readonly DarkModule[],
  root: string,
  staging: Staging,
): Promise<ImportReport> {
  const catalogue = SqliteCatalogue.open(root, 'write')
  try {
    return await importAllConstants(
      catalogue,
      modules.map(({ module, pdu, written }) => ({
        ...{ detector, detectorName: karaboId, module, pdu, beginAt, conditions, rawData },
        files: [staging.path(module)],
        move: written,
      })),
    )
  } finally {
    catalogue.close()
  }
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

function progress({ totals, detector }: DarkPlan, { onProgress }: DarkOptions): (rows: number) => void {
  let done = 0
  return rows => {
    done += rows
    onProgress?.(done / (totals.frames * detector.slowScan))
  }
}
