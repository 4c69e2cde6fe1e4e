import { dirname } from 'node:path'
import { ConstantsCache } from '../../constants/pack/cache.js'
import { kernelModule } from '../corrections/kernel.js'
import { Lane } from '../memory/lane.js'
import { NO_CELL } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import { CombinedFile } from '../sinks/combined-file.js'
import { metadataPath, prepareMetadataFile, writeMetadataFile } from '../sinks/metadata-file.js'
import { OutputFolder, requireFree } from '../sinks/output-folder.js'
import { type Provenance, provenanceAttributes } from '../sinks/provenance.js'
import { CacheUse, type NoCache, noCacheProblems } from './cache-use.js'
import { ModuleRun, type RunContext } from './module-run.js'
import {
  type CorrectionOutcome,
  type ModuleOutcome,
  notWrittenOf,
  problemsOf,
  withUnusableFiles,
} from './outcome.js'
import type { CorrectionPlan, ModulePlan, OutputRequest } from './plan.js'
import { StoppedError, WorkerPool } from './pool.js'
import { runMetadata } from './run-metadata.js'
import { PhaseTotals } from './statistics.js'

export interface CorrectionOptions {
  readonly output: OutputRequest
  readonly overwrite: boolean
  /** Flush files before they appear; off for scratch and benchmarks. */
  readonly sync: boolean
  readonly provenance: Provenance
  /** Where constants are kept packed from run to run, or why nowhere; absent: nowhere. */
  readonly cache?: ConstantsCache | NoCache
  readonly signal?: AbortSignal
  /** Told after every block how many module frames are done. */
  readonly onProgress?: (framesDone: number) => void
  /** The WebAssembly module to correct with, if not detcal's own: one that has more detectors' kernels. */
  readonly kernels?: WebAssembly.Module
  /** Worker file; only tests give another one. */
  readonly workerEntry?: string
  /** Threads that have been started already, as many as the plan has workers; they are ended here. */
  readonly pool?: WorkerPool
}

/**
 * Executes a plan: lanes and threads are made, modules go through the lanes, files appear one by one as they
 * are whole. What fails is in the outcome; what is finished stays.
 *
 * @throws OutputError or BusyError before anything is written. @throws StoppedError once `signal` is aborted:
 * no part of a file is left then.
 */
export async function correctRun(
  plan: CorrectionPlan,
  options: CorrectionOptions,
): Promise<CorrectionOutcome> {
  const start = performance.now()
  const { output } = options
  const folder = OutputFolder.open(output.folder, options)
  let pool: WorkerPool | undefined
  try {
    const metadata = metadataPath(output.folder, plan.run.karaboId)
    folder.refuseExisting([...finalPaths(plan), metadata])
    requireFree(plan.combined ? dirname(plan.combined.path) : folder.path, plan.totals.outputBytes)
    requireFree(folder.path, plan.totals.outputBytes)
    const phases = new PhaseTotals()
    const noCache = options.cache instanceof ConstantsCache ? undefined : options.cache
    const cache = options.cache instanceof ConstantsCache ? new CacheUse(options.cache) : undefined
    const kernels = options.kernels ?? kernelModule()
    pool = options.pool ?? (await WorkerPool.start(plan.workers, kernels, options.workerEntry))
    const { modules: attempted, combined } = await execute(plan, options, pool, folder, phases, cache)
    // Threads end while the rest is written.
    const ended = pool.close()
    const ofCache = noCache ? noCacheProblems(noCache) : (cache?.problems ?? [])
    const found = [
      ...problemsOf(attempted),
      ...notWrittenOf(attempted),
      ...missingCells(attempted),
      ...ofCache,
    ]
    const problems = [...plan.problems, ...found]
    const modules = attempted.map(module => withUnusableFiles(module, plan.run.damaged, plan.problems))
    const usable = modules.some(isUsable)
    if (usable) await writeMetadataFile(folder, metadata, runMetadata(plan, modules, options.provenance))
    await ended
    return {
      modules,
      ...(combined === undefined ? {} : { combined }),
      ...(usable ? { metadata } : {}),
      problems,
      phases: phases.snapshot(),
      ...(noCache ? { constantsCache: noCache } : {}),
      ...(cache ? { constantsCache: cache.report() } : {}),
      frames: plan.totals.frames,
      rawBytes: plan.totals.rawBytes,
      seconds: (performance.now() - start) / 1000,
      peakMemory: process.resourceUsage().maxRSS * 1024,
    }
  } finally {
    await pool?.close()
    folder.close()
  }
}

/** A run of which nothing could be corrected leaves nothing behind. */
function isUsable({ status }: ModuleOutcome): boolean {
  return status !== 'failed'
}

function finalPaths(plan: CorrectionPlan): string[] {
  const corrected = plan.modules.flatMap(({ sequences }) =>
    sequences.flatMap(({ output }) => (output === undefined ? [] : [output])),
  )
  return plan.combined ? [...corrected, plan.combined.path] : corrected
}

async function execute(
  plan: CorrectionPlan,
  options: CorrectionOptions,
  pool: WorkerPool,
  folder: OutputFolder,
  phases: PhaseTotals,
  cache: CacheUse | undefined,
): Promise<{ modules: ModuleOutcome[]; combined: string | undefined }> {
  const lanes = Array.from({ length: plan.lanes.count }, (_, id) => Lane.allocate(id, plan.lanes.layout))
  pool.use(lanes.map(lane => lane.handle))
  const signal = options.signal ?? new AbortController().signal
  const stop = (): void => pool.stop()
  signal.addEventListener('abort', stop)
  let combined: CombinedFile | undefined
  try {
    combined = await createCombined(plan, folder, options.provenance)
    const context: RunContext = {
      plan,
      pool,
      folder,
      combined,
      phases,
      cache,
      signal,
      provenance: options.provenance,
      ids: counter(),
      onFrames: progress(options),
    }
    const modules = await throughLanes(plan.modules, lanes, context)
    if (signal.aborted) throw new StoppedError('stopped')
    if (!modules.some(isUsable)) combined?.discard()
    else if (combined !== undefined) {
      await combined.finish()
      return { modules, combined: plan.combined?.path }
    }
    return { modules, combined: undefined }
  } catch (error) {
    combined?.discard()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Each lane takes the next module when it is done with one: a module's constants are loaded once. The next one's first
 * file is opened while the last blocks of the one before are in flight.
 */
async function throughLanes(
  modules: readonly ModulePlan[],
  lanes: readonly Lane[],
  context: RunContext,
): Promise<ModuleOutcome[]> {
  const queue = [...modules]
  const throughLane = async (lane: Lane): Promise<ModuleOutcome[]> => {
    const take = (): ModuleRun | undefined => {
      const module = queue.shift()
      return module && new ModuleRun(module, lane, context)
    }
    const outcomes: Promise<ModuleOutcome>[] = []
    const prepared: ModuleRun[] = []
    const prepareNext = (): void => {
      const next = take()
      next?.prepare()
      if (next !== undefined) prepared.push(next)
    }
    for (let run = take(); run !== undefined; run = prepared.pop() ?? take()) {
      try {
        outcomes.push((await run.run(prepareNext)).outcome)
      } catch (error) {
        await prepared[0]?.abandon(error)
        await Promise.allSettled(outcomes)
        throw error
      }
    }
    return Promise.all(outcomes)
  }
  const results = await Promise.allSettled(lanes.map(throughLane))
  // All lanes have come to rest before the first failure is passed on, so that nobody writes to a discarded file.
  const outcomes = results.flatMap(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
  return outcomes.sort((a, b) => a.module - b.module)
}

async function createCombined(
  plan: CorrectionPlan,
  folder: OutputFolder,
  provenance: Provenance,
): Promise<CombinedFile | undefined> {
  if (plan.combined === undefined) return undefined
  const { detector, run, combined } = plan
  return CombinedFile.create(folder, combined.path, {
    detector,
    karaboId: run.karaboId,
    proposal: run.proposal,
    run: run.run,
    trainIds: combined.trainIds,
    pulseIds: combined.pulseIds,
    cellIds: combined.cellIds,
    attributes: provenanceAttributes(provenance),
  })
}

function missingCells(modules: readonly ModuleOutcome[]): Problem[] {
  return modules.flatMap(({ module, cellsWithoutConstants }) => {
    // Frames with an impossible cell are named with the run's problems.
    const cells = cellsWithoutConstants.filter(cell => cell !== NO_CELL)
    return cells.length === 0
      ? []
      : [
          {
            check: 'cells_without_constants',
            severity: 'error' as const,
            message: `no constants for cell ${cells.join(', ')}: their frames are NaN with mask bit 3`,
            place: { module },
          },
        ]
  })
}

function counter(): () => number {
  let last = 0
  return () => ++last
}

function progress({ onProgress }: CorrectionOptions): (frames: number) => void {
  let done = 0
  return frames => {
    // From the first block on the main thread has little to do.
    if (done === 0) prepareMetadataFile()
    done += frames
    onProgress?.(done)
  }
}
