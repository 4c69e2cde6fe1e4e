import { dirname } from 'node:path'
import { ConstantsCache } from '../../../constants/cache/cache.js'
import { requireFree } from '../../files/free-space.js'
import { OutputFolder } from '../../files/output-folder.js'
import type { Lane } from '../../memory/lane.js'
import { NO_CELL } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { createCombined } from '../../sinks/combined/combined-file.js'
import type { ImageOutput } from '../../sinks/image/image-output.js'
import { earlierMetadata, tellsOf } from '../../sinks/metadata/earlier.js'
import { metadataPath, writeMetadataFile } from '../../sinks/metadata/metadata-file.js'
import { type Provenance, provenanceAttributes } from '../../sinks/metadata/provenance.js'
import { PhaseTotals } from '../contract/phase-times.js'
import type { CorrectionPlan, OutputRequest } from '../plan/plan.js'
import { CacheUse, type NoCache, noCacheProblems } from './cache-use.js'
import { outputsOf } from './foresee.js'
import { type ModuleWork, throughLane } from './module-run.js'
import { OpenAhead } from './open-ahead.js'
import { openSequence, type SequenceOfModule } from './open-sequence.js'
import {
  type CorrectionOutcome,
  framesCorrected,
  keptProblems,
  type ModuleOutcome,
  notWrittenOf,
  problemsOf,
  withUnusableFiles,
} from './outcome.js'
import { finishedFiles } from './resume.js'
import type { RunContext } from './run-context.js'
import { runMetadata } from './run-metadata.js'
import { type RunOptions, running } from './running.js'
import { type ModuleQueue, throughLanes } from './through-lanes.js'

/** How a correction is executed. What is told of progress are module frames, after every block. */
export interface CorrectionOptions extends RunOptions {
  readonly output: OutputRequest
  readonly overwrite: boolean
  /**
   * Keep what an earlier attempt at the same correction has finished; with `made` only what says that it was made then. Files
   * of other corrections are refused, or replaced with `overwrite`. Absent: no file is kept.
   */
  readonly resume?: { readonly made?: string }
  /** Flush files before they appear; off for scratch and benchmarks. */
  readonly sync: boolean
  readonly provenance: Provenance
  /** Name of the part of the folder that the plan is, as of {@link OutputFolder}: its metadata file is left to others. */
  readonly part?: string
  /** Where constants are kept ready from run to run, or why nowhere; absent: nowhere. */
  readonly cache?: ConstantsCache | NoCache
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
  const { output, provenance } = options
  const open = () => OutputFolder.open(output.folder, options)
  return running(plan, options, open, async (folder, { stop, progress, engine, endThreads }) => {
    if (plan.combined) folder.hold(plan.combined.path)
    const metadata = metadataPath(output.folder, plan.run.karaboId)
    const earlier = await earlierMetadata(metadata, plan.run.path)
    const finished = options.resume
      ? await finishedFiles(plan, { provenance, overwrite: options.overwrite, made: options.resume.made })
      : new Set<string>()
    const told = tellsOf(earlier, plan) && !options.resume ? [metadata] : []
    folder.refuseExisting([...outputsOf(plan).filter(path => !finished.has(path)), ...told])
    const bytes = Math.ceil(plan.totals.outputBytes * dueShare(plan, finished))
    requireFree(plan.combined ? dirname(plan.combined.path) : folder.path, bytes)
    requireFree(folder.path, bytes)
    const phases = new PhaseTotals()
    const noCache = options.cache instanceof ConstantsCache ? undefined : options.cache
    const cache = options.cache instanceof ConstantsCache ? new CacheUse(options.cache) : undefined
    const handedOver = new Set<string>()
    let onDevice = 0
    const threads = await engine()
    const { modules: attempted, combined } = await execute({
      ...{ plan, folder, phases, cache, provenance, finished, stop },
      engine: threads,
      combined: await combinedOf(plan, folder, provenance),
      onBlock: (frames, reasons, device) => {
        onDevice += device
        for (const reason of reasons) handedOver.add(reason)
        progress.add(frames)
      },
    })
    endThreads()
    const found = [
      ...problemsOf(attempted),
      ...notWrittenOf(attempted),
      ...missingCells(attempted),
      ...(noCache ? noCacheProblems(noCache) : (cache?.problems ?? [])),
      ...[...handedOver].map(correctorLost),
      ...progress.problems,
    ]
    const modules = attempted.map(module => withUnusableFiles(module, plan.run.damaged, plan.problems))
    const usable = modules.some(isUsable)
    const isTold = usable && options.part === undefined
    const kept = isTold
      ? await writeMetadataFile(folder, metadata, runMetadata(plan, modules, provenance), earlier)
      : []
    const constantsCache = noCache ?? cache?.report()
    const frames = framesCorrected(modules)
    return {
      modules,
      frames,
      rawBytes: (plan.totals.rawBytes / Math.max(1, plan.totals.frames)) * frames,
      ...(combined === undefined ? {} : { combined }),
      ...(options.resume ? { keptFiles: [...finished] } : {}),
      ...(isTold ? { metadata } : {}),
      problems: [...plan.problems, ...found, ...keptProblems(kept, folder.path)],
      phases: phases.snapshot(),
      modulePhases: phases.byModule(),
      ...(constantsCache ? { constantsCache } : {}),
      ...(threads.device === undefined ? {} : { device: { name: threads.device, frames: onDevice } }),
    }
  })
}

/** Share of the plan's frames that are not in files that are kept. */
function dueShare({ modules, totals }: CorrectionPlan, finished: ReadonlySet<string>): number {
  const sequences = modules.flatMap(({ sequences }) => sequences)
  const kept = sequences.filter(({ output }) => output !== undefined && finished.has(output))
  return 1 - kept.reduce((sum, { joined }) => sum + joined.frames, 0) / totals.frames
}

/** A run of which nothing could be corrected leaves nothing behind. */
function isUsable({ status }: ModuleOutcome): boolean {
  return status !== 'failed'
}

async function execute(
  context: RunContext,
): Promise<{ modules: ModuleOutcome[]; combined: string | undefined }> {
  const { plan, combined } = context
  try {
    const work = plan.modules.map(module => ({
      plan: module,
      sequences: module.sequences.map(sequence => ({ plan: module, sequence })),
    }))
    const through = (lane: Lane, queue: ModuleQueue<ModuleWork>) => corrections(lane, queue, context)
    const modules = await throughLanes(work, plan.lanes, context, through)
    if (modules.some(isUsable)) {
      await combined?.finish()
      return { modules, combined: plan.combined?.path }
    }
    combined?.discard()
    return { modules, combined: undefined }
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

async function combinedOf(
  { detector, run, combined, modules }: CorrectionPlan,
  folder: OutputFolder,
  provenance: Provenance,
): Promise<ImageOutput | undefined> {
  if (combined === undefined) return undefined
  const { karaboId, proposal, run: number } = run
  const attributes = provenanceAttributes(provenance)
  const steps = modules[0]?.chain.steps ?? []
  const description = { ...combined, detector, karaboId, proposal, run: number, steps, attributes }
  return createCombined(folder, combined.path, description)
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
