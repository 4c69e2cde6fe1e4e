import { dirname } from 'node:path'
import { ConstantsCache } from '../../../constants/cache/cache.js'
import { requireFree } from '../../files/free-space.js'
import { OutputFolder } from '../../files/output-folder.js'
import type { Lane } from '../../memory/lane.js'
import { NO_CELL } from '../../model/ids.js'
import { StoppedError } from '../../model/interruptions.js'
import type { Problem } from '../../model/problem.js'
import { CombinedFile } from '../../sinks/combined/combined-file.js'
import { earlierMetadata, tellsOf } from '../../sinks/metadata/earlier.js'
import { metadataPath, writeMetadataFile } from '../../sinks/metadata/metadata-file.js'
import { type Provenance, provenanceAttributes } from '../../sinks/metadata/provenance.js'
import { PhaseTotals } from '../contract/phase-times.js'
import type { CorrectionPlan, OutputRequest } from '../plan/plan.js'
import { Engine } from '../threads/engine.js'
import { RunStop } from '../threads/job.js'
import { CacheUse, type NoCache, noCacheProblems } from './cache-use.js'
import { outputsOf } from './foresee.js'
import { type ModuleWork, throughLane } from './module-run.js'
import { OpenAhead } from './open-ahead.js'
import { openSequence, type SequenceOfModule } from './open-sequence.js'
import {
  type CorrectionOutcome,
  keptProblems,
  type ModuleOutcome,
  notWrittenOf,
  problemsOf,
  withUnusableFiles,
} from './outcome.js'
import type { RunContext } from './run-context.js'
import { runMetadata } from './run-metadata.js'
import { type ModuleQueue, throughLanes } from './through-lanes.js'

export interface CorrectionOptions {
  readonly output: OutputRequest
  readonly overwrite: boolean
  /** Flush files before they appear; off for scratch and benchmarks. */
  readonly sync: boolean
  readonly provenance: Provenance
  /** Where constants are kept ready from run to run, or why nowhere; absent: nowhere. */
  readonly cache?: ConstantsCache | NoCache
  readonly signal?: AbortSignal
  /**
   * Called after every block with the number of module frames done so far. Once it has thrown it is not called again: the
   * run goes on, and the outcome has a warning.
   */
  readonly onProgress?: (framesDone: number) => void
  /** Threads and lanes lent to the run, still open afterwards; absent: the run starts its own. */
  readonly engine?: Engine
}

/**
 * Executes a plan: modules go through lanes, files appear one by one as they are whole. What fails is in the outcome;
 * what is finished stays.
 *
 * @throws OutputError or BusyError before anything is written. @throws StoppedError once `signal` is aborted:
 * no part of a file is left then.
 */
export async function correctRun(
  plan: CorrectionPlan,
  options: CorrectionOptions,
): Promise<CorrectionOutcome> {
  const start = performance.now()
  const { output, signal } = options
  if (signal?.aborted) throw new StoppedError()
  const folder = OutputFolder.open(output.folder, options)
  const stop = new RunStop(signal)
  let own: Engine | undefined
  try {
    if (plan.combined) folder.hold(plan.combined.path)
    const metadata = metadataPath(output.folder, plan.run.karaboId)
    const earlier = await earlierMetadata(metadata, plan.run.path)
    folder.refuseExisting([...outputsOf(plan), ...(tellsOf(earlier, plan) ? [metadata] : [])])
    requireFree(plan.combined ? dirname(plan.combined.path) : folder.path, plan.totals.outputBytes)
    requireFree(folder.path, plan.totals.outputBytes)
    const phases = new PhaseTotals()
    const noCache = options.cache instanceof ConstantsCache ? undefined : options.cache
    const cache = options.cache instanceof ConstantsCache ? new CacheUse(options.cache) : undefined
    own = options.engine ? undefined : await Engine.start({ workers: plan.workers })
    const handedOver = new Set<string>()
    const progressLost: Problem[] = []
    const { modules: attempted, combined } = await execute({
      ...{ plan, folder, phases, cache },
      engine: options.engine ?? (own as Engine),
      combined: await createCombined(plan, folder, options.provenance),
      provenance: options.provenance,
      stop,
      onBlock: progress(options, handedOver, progressLost),
    })
    // Threads end while the rest is written.
    const ended = own?.close()
    const ofCache = noCache ? noCacheProblems(noCache) : (cache?.problems ?? [])
    const found = [
      ...problemsOf(attempted),
      ...notWrittenOf(attempted),
      ...missingCells(attempted),
      ...ofCache,
      ...[...handedOver].map(correctorLost),
      ...progressLost,
    ]
    const modules = attempted.map(module => withUnusableFiles(module, plan.run.damaged, plan.problems))
    const usable = modules.some(isUsable)
    const kept = usable
      ? await writeMetadataFile(folder, metadata, runMetadata(plan, modules, options.provenance), earlier)
      : []
    const problems = [...plan.problems, ...found, ...keptProblems(kept, folder.path)]
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
    stop.end()
    await own?.close()
    folder.close()
  }
}

/** A run of which nothing could be corrected leaves nothing behind. */
function isUsable({ status }: ModuleOutcome): boolean {
  return status !== 'failed'
}

async function execute(
  context: RunContext,
): Promise<{ modules: ModuleOutcome[]; combined: string | undefined }> {
  const { plan, engine, combined, stop } = context
  try {
    const lanes = engine.lanes.lend(plan.lanes.count, plan.lanes.layout)
    try {
      const work = plan.modules.map(module => ({
        plan: module,
        sequences: module.sequences.map(sequence => ({ plan: module, sequence })),
      }))
      const modules = await throughLanes(work, lanes, (lane, queue) => corrections(lane, queue, context))
      if (stop.signal.aborted) throw new StoppedError()
      if (!modules.some(isUsable)) combined?.discard()
      else if (combined !== undefined) {
        await combined.finish()
        return { modules, combined: plan.combined?.path }
      }
      return { modules, combined: undefined }
    } finally {
      engine.lanes.giveBack(lanes)
    }
  } catch (error) {
    combined?.discard()
    throw error
  }
}

/** Takes modules through one lane, one sequence opened ahead of those that are corrected, from module to module too. */
async function corrections(
  lane: Lane,
  queue: ModuleQueue<ModuleWork>,
  context: RunContext,
): Promise<ModuleOutcome[]> {
  const sequences = new OpenAhead((key: SequenceOfModule) => openSequence(key, context))
  const outcomes: Promise<ModuleOutcome>[] = []
  for (let module = queue.next(); module !== undefined; ) {
    let next: ModuleWork | undefined
    let asked = false
    const following = (): SequenceOfModule | undefined => {
      asked = true
      next = queue.next()
      return next?.sequences[0]
    }
    try {
      outcomes.push((await throughLane(module, lane, context, sequences, following)).outcome)
    } catch (error) {
      await Promise.allSettled(outcomes)
      throw error
    }
    module = asked ? next : queue.next()
  }
  return Promise.all(outcomes)
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

function correctorLost(message: string): Problem {
  return {
    check: 'corrector_lost',
    severity: 'warning',
    message: `${message}; its work was done by the processor`,
    place: {},
  }
}

function progress(
  { onProgress }: CorrectionOptions,
  handedOver: Set<string>,
  lost: Problem[],
): RunContext['onBlock'] {
  let done = 0
  return (frames, reasons) => {
    for (const reason of reasons) handedOver.add(reason)
    done += frames
    if (lost.length > 0) return
    try {
      onProgress?.(done)
    } catch (error) {
      const message = `progress was told no further: ${error instanceof Error ? error.message : String(error)}`
      lost.push({ check: 'progress_callback', severity: 'warning', message, place: {} })
    }
  }
}
