import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { Piscina } from 'piscina'
import { pixelsOf, rawFrameBytes } from '../detectors/detector.js'
import { writeExdf } from '../exdf/writer.js'
import { asOutputError, writing } from '../files/errors.js'
import { makeFolders, removeEmptyFolders } from '../files/folders.js'
import { requireFree } from '../files/free-space.js'
import { sweepLeftovers } from '../files/leftovers.js'
import { replaceFile } from '../files/names.js'
import { partOf } from '../files/parts.js'
import { holdsItself } from '../hdf5/index.js'
import { kitOf } from '../kits/index.js'
import type { DetectorKit } from '../kits/kit.js'
import { type ErrorRecord, errorOf, OutputError, UsageError } from '../model/errors.js'
import { enterConstants, planConstants } from './constant-files.js'
import { describeControl } from './control-description.js'
import { checkOptions, rawFramesOf, type SimulationOptions } from './model/options.js'
import { sequencesOf } from './model/timeline.js'
import { aggregatorOf, rawFileName } from './raw-description.js'
import { runTask, type SimulationTask } from './tasks.js'
import { createTruth } from './truth.js'

/** Output and resources of a simulation; they do not affect its content. */
export interface SimulationTarget {
  /** Folder that gets `raw/rNNNN`. */
  readonly out: string
  /** Catalogue that gets the constants of a photon run. */
  readonly catalogue: string
  readonly truth?: string
  /** Threads; default: all cores. */
  readonly workers?: number
  /** Where the detector is found. Only the calling thread knows kits that are given here, and simulates alone. */
  readonly kits?: readonly DetectorKit[]
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

export interface SimulationResult {
  readonly run: string
  /** Undefined for dark runs: constants are made from these. */
  readonly catalogue: string | undefined
  readonly truth: string | undefined
  readonly files: number
  readonly frames: number
  readonly rawBytes: number
}

/**
 * Simulates a run: RAW files, control data and, for photons, the matching constants. The run's folder and the truth
 * file appear only when everything is complete.
 * @throws UsageError for impossible options; OutputError for existing or unwritable output.
 */
export async function simulate(
  options: SimulationOptions,
  target: SimulationTarget,
): Promise<SimulationResult> {
  checkOptions(options)
  const kit = kitOf(options.detector, target.kits)
  const { out, truth, overwrite = false, signal } = target
  const run = join(out, 'raw', `r${String(options.run).padStart(4, '0')}`)
  const catalogue = options.kind === 'photons' ? target.catalogue : undefined
  const places = [dirname(run), catalogue, truth && dirname(truth)]
  for (const folder of places) if (folder !== undefined) sweepLeftovers(folder)
  for (const path of [run, truth]) if (path !== undefined) refuseExisting(path, overwrite)
  if (truth !== undefined) requireTruthPlace(truth, run)
  const part = partOf(join(dirname(run), `.${basename(run)}`))
  const truthPart = truth && partOf(truth)
  const constants = catalogue === undefined ? undefined : planConstants(kit, options, catalogue)
  const made: string[] = []
  let complete = false
  try {
    for (const folder of [part, constants?.staging])
      if (folder !== undefined) made.push(...makeFolders(folder))
    requireFree(out, bytesOf(options, truth !== undefined), 'Free some space or simulate less')
    const raw = await planRaw(options, part, truthPart)
    await runAll(
      [...(constants?.tasks ?? []).map(task => ({ kind: 'constants', ...task }) as const), ...raw],
      target,
    )
    const control = join(part, rawFileName(options.run, 'DA01', 0))
    writeExdf(control, describeControl(kit, options))
    signal?.throwIfAborted()
    if (constants !== undefined) await enterConstants(constants)
    complete = true
    replaceFile(part, run)
    if (truth !== undefined && truthPart !== undefined) writing(truth, () => replaceFile(truthPart, truth))
    const frames = options.trains * options.cells * rawFramesOf(options) * options.modules.length
    const rawBytes = frames * rawFrameBytes(options.detector)
    return { run, catalogue, truth, files: raw.length + 1, frames, rawBytes }
  } catch (error) {
    throw asOutputError(error, run)
  } finally {
    removeFolder(part)
    if (truthPart !== undefined) rmSync(truthPart, { force: true })
    if (constants !== undefined) removeFolder(constants.staging)
    if (!complete) removeEmptyFolders(made)
  }
}

async function planRaw(
  options: SimulationOptions,
  folder: string,
  truthFile: string | undefined,
): Promise<SimulationTask[]> {
  const truths = truthFile === undefined ? undefined : createTruth(truthFile, options)
  return options.modules.flatMap(module =>
    sequencesOf(options).map(sequence => {
      const path = join(folder, rawFileName(options.run, aggregatorOf(options, module), sequence.number))
      const truth = truths?.get(module)
      return { kind: 'raw', options, module, sequence, path, ...(truth ? { truth } : {}) } as const
    }),
  )
}

/** Runs all tasks, on worker threads if these know the kits; after one that fails none is begun. */
async function runAll(tasks: readonly SimulationTask[], target: SimulationTarget): Promise<void> {
  const { workers = availableParallelism(), kits, signal, onProgress } = target
  const threads = Math.max(1, Math.min(workers, tasks.length))
  signal?.throwIfAborted()
  const pool = new Piscina({
    filename: createRequire(import.meta.url).resolve('#workers/simulate'),
    minThreads: kits ? 0 : threads,
    maxThreads: threads,
  })
  // Piscina's own signal would add a listener for each task.
  const stop = () => void pool.destroy()
  signal?.addEventListener('abort', stop, { once: true })
  const run = (task: SimulationTask): Promise<ErrorRecord | undefined> =>
    kits ? runTask(task, kits) : pool.run(task)
  let done = 0
  const queue = [...tasks]
  const drain = async (): Promise<void> => {
    try {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
        const error = await run(task)
        if (error) throw errorOf(error)
        onProgress?.({ done: ++done, total: tasks.length })
      }
    } finally {
      queue.length = 0
    }
  }
  try {
    // Tasks that run beside a failed one are completed: Node may not survive ending a thread during a failing write.
    const drains = await Promise.allSettled(Array.from({ length: threads }, drain))
    signal?.throwIfAborted()
    for (const result of drains) if (result.status === 'rejected') throw result.reason
  } finally {
    signal?.removeEventListener('abort', stop)
    await pool.destroy()
  }
}

/** Removes a folder if it is there; if it cannot be, that is not what the user must hear of. */
function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // Whatever kept it from being removed kept it from being filled, and has been reported.
  }
}

function refuseExisting(path: string, overwrite: boolean): void {
  if (!overwrite && existsSync(path))
    throw new OutputError('it exists already', {
      place: { file: path },
      hint: 'Give another place, or --overwrite to replace it',
    })
}

/** The run's folder is replaced with all that is in it; of files an earlier truth is replaced, and nothing else. */
function requireTruthPlace(truth: string, run: string): void {
  const refuse = (message: string) =>
    new UsageError(message, { place: { file: truth }, hint: 'Choose another --truth' })
  if (!relative(run, truth).startsWith('..')) throw refuse("the truth cannot lie in the run's folder")
  if (existsSync(truth) && !holdsItself(truth, ['trainId', 'pulseId', 'cellId']))
    throw refuse('is not a truth of detcal simulate, so it is not replaced')
}

/** What is written of images, truth and constants. */
function bytesOf(options: SimulationOptions, truth: boolean): number {
  const { detector, modules, trains, cells, kind } = options
  const pixels = modules.length * pixelsOf(detector)
  const raw = (rawFramesOf(options) * rawFrameBytes(detector)) / pixelsOf(detector)
  const frames = (raw + (truth ? 3 : 0)) * trains * cells
  // Planes of all calibrations together, four bytes each.
  const constants = kind === 'photons' ? 4 * 32 * cells : 0
  return pixels * (frames + constants + (truth ? 16 * cells : 0))
}
