import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ModuleConstants } from '../../../constants/catalogue.js'
import { type ImportReport, importAllConstants } from '../../../constants/import.js'
import { SqliteCatalogue } from '../../../constants/sqlite-catalogue.js'
import { kernelModule } from '../../corrections/kernel.js'
import { Lane } from '../../memory/lane.js'
import { isDetcalError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { StoppedError, WorkerPool } from '../pool.js'
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
  /** Worker file; only tests give another one. */
  readonly workerEntry?: string
  /** Threads that have been started already, as many as the plan has workers; they are ended here. */
  readonly pool?: WorkerPool
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
  const signal = options.signal ?? new AbortController().signal
  const staging = Staging.open(options.catalogue, plan.totals.outputBytes)
  let pool: WorkerPool | undefined
  try {
    pool = options.pool ?? (await WorkerPool.start(plan.workers, kernelModule(), options.workerEntry))
    const previous = await previousConstants(plan, options.catalogue)
    const { modules, problems } = await characterise(plan, options, pool, signal, staging, previous)
    if (signal.aborted) throw new StoppedError('stopped')
    // Threads end while the constants are entered.
    const ended = pool.close()
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
    await pool?.close()
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
  pool: WorkerPool,
  signal: AbortSignal,
  staging: Staging,
  previous: ReadonlyMap<ModuleIndex, ModuleConstants>,
): Promise<{ modules: DarkModule[]; problems: Problem[] }> {
  const lanes = Array.from({ length: plan.lanes.count }, (_, id) => Lane.allocate(id, plan.lanes.layout))
  pool.use(lanes.map(lane => lane.handle))
  const stop = (): void => pool.stop()
  signal.addEventListener('abort', stop)
  const context = {
    plan,
    pool,
    signal,
    software: options.software,
    ids: counter(),
    pathOf: (module: DarkModulePlan) => staging.path(module.module),
    previous: ({ module }: DarkModulePlan) => previous.get(module),
    onRows: progress(plan, options),
  }
  try {
    const queue = [...plan.modules]
    const modules: DarkModule[] = []
    const failures: { module: ModuleIndex; error: unknown }[] = []
    const drains = lanes.map(async lane => {
      for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) {
        try {
          modules.push(await new DarkModuleRun(next, lane, context).run())
        } catch (error) {
          // Neither is about this module alone.
          if (error instanceof StoppedError || isDetcalError(error, 'output')) throw error
          failures.push({ module: next.module, error })
        }
      }
    })
    // All lanes have come to rest before a failure is passed on, so that nobody writes to a folder that is gone.
    for (const result of await Promise.allSettled(drains))
      if (result.status === 'rejected') throw result.reason
    const [first] = failures
    if (modules.length === 0 && first !== undefined) throw first.error
    return {
      modules: modules.sort((a, b) => a.module - b.module),
      problems: failures.map(({ module, error }) => failure(module, error)),
    }
  } finally {
    signal.removeEventListener('abort', stop)
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

function counter(): () => number {
  let last = 0
  return () => ++last
}

function progress({ totals, detector }: DarkPlan, { onProgress }: DarkOptions): (rows: number) => void {
  let done = 0
  return rows => {
    done += rows
    onProgress?.(done / (totals.frames * detector.slowScan))
  }
}
