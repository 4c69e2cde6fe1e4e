import { existsSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Piscina } from 'piscina'
import { pixelsOf, rawFrameBytes } from '../detectors/detector.js'
import { writeExdf } from '../exdf/writer.js'
import { makeFolders, removeEmptyFolders } from '../files/folders.js'
import { type ErrorRecord, errorOf, OutputError } from '../model/errors.js'
import { asOutputError } from './chunk-file.js'
import { enterConstants, planConstants } from './constant-files.js'
import { describeControl } from './control-description.js'
import { checkOptions, rawFramesOf, type SimulationOptions } from './options.js'
import { aggregatorOf, rawFileName } from './raw-description.js'
import type { SimulationTask } from './tasks.js'
import { sequencesOf } from './timeline.js'
import { createTruth } from './truth.js'

/** Where a simulation goes and how it runs; none of it changes a byte of it. */
export interface SimulationTarget {
  /** Folder that gets `raw/rNNNN`. */
  readonly out: string
  /** Catalogue that gets the constants of a photon run. */
  readonly catalogue: string
  readonly truth?: string
  /** Threads; all cores where left out. */
  readonly workers?: number
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

export interface SimulationResult {
  readonly run: string
  /** Undefined for dark runs: these are what constants are made of. */
  readonly catalogue: string | undefined
  readonly truth: string | undefined
  readonly files: number
  readonly frames: number
  readonly rawBytes: number
}

/**
 * Simulates a run: RAW files, control data and, for photons, the matching constants. The run's folder and the truth
 * file appear only when all of them is there.
 * @throws UsageError for options that cannot be; OutputError for existing or unwritable output.
 */
export async function simulate(
  options: SimulationOptions,
  target: SimulationTarget,
): Promise<SimulationResult> {
  checkOptions(options)
  const { out, truth, overwrite = false, signal } = target
  const run = join(out, 'raw', `r${String(options.run).padStart(4, '0')}`)
  const catalogue = options.kind === 'photons' ? target.catalogue : undefined
  for (const path of [run, truth]) if (path !== undefined) refuseExisting(path, overwrite)
  // Neither name is one that readers of runs look at.
  const part = join(dirname(run), `.${basename(run)}.part-${process.pid}`)
  const truthPart = truth && `${truth}.part-${process.pid}`
  const constants = catalogue === undefined ? undefined : planConstants(options, catalogue)
  const made: string[] = []
  let complete = false
  try {
    for (const folder of [part, constants?.staging])
      if (folder !== undefined) made.push(...makeFolders(folder))
    checkSpace(out, bytesOf(options, truth !== undefined))
    const raw = await planRaw(options, part, truthPart)
    await runAll(
      [...(constants?.tasks ?? []).map(task => ({ kind: 'constants', ...task }) as const), ...raw],
      target,
    )
    const control = join(part, rawFileName(options.run, 'DA01', 0))
    writeExdf(control, describeControl(options))
    signal?.throwIfAborted()
    if (constants !== undefined) await enterConstants(constants)
    complete = true
    publish(part, run)
    if (truth !== undefined && truthPart !== undefined) publish(truthPart, truth)
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

/** Runs all tasks on worker threads; after one that fails none is begun. */
async function runAll(tasks: readonly SimulationTask[], target: SimulationTarget): Promise<void> {
  const { workers = availableParallelism(), signal, onProgress } = target
  const threads = Math.max(1, Math.min(workers, tasks.length))
  signal?.throwIfAborted()
  const pool = new Piscina({
    filename: createRequire(import.meta.url).resolve('#workers/simulate'),
    minThreads: threads,
    maxThreads: threads,
  })
  // Piscina's own signal would add a listener for each task.
  const stop = () => void pool.destroy()
  signal?.addEventListener('abort', stop, { once: true })
  let done = 0
  const queue = [...tasks]
  const drain = async (): Promise<void> => {
    try {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
        const error = (await pool.run(task)) as ErrorRecord | undefined
        if (error) throw errorOf(error)
        onProgress?.({ done: ++done, total: tasks.length })
      }
    } finally {
      queue.length = 0
    }
  }
  try {
    // What runs beside a task that failed comes to its end: Node may not survive a thread that is ended amid a failing write.
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

/** Gives a finished file or folder its name, in place of what was there. */
function publish(part: string, path: string): void {
  const former = `${part}.former`
  try {
    if (existsSync(path)) renameSync(path, former)
    renameSync(part, path)
    rmSync(former, { recursive: true, force: true })
  } catch (error) {
    throw asOutputError(error, path)
  }
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

function checkSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free < bytes)
    throw new OutputError(
      `${(bytes / 1e9).toFixed(1)} GB would be written, ${(free / 1e9).toFixed(1)} GB are free`,
      {
        place: { file: folder },
        hint: 'Free some space or simulate less',
      },
    )
}
