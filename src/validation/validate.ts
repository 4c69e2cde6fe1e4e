import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { CORRECTED_ONLY, INDEX, instrumentPath } from '../exdf/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../exdf/file.js'
import { FRAME_LIMIT, readGroupIndex, rowsAt, TRAIN_LIMIT } from '../exdf/index-rows.js'
import { readExact, requireDataset, rowsOf } from '../hdf5/index.js'
import { DataError, isDetcalError } from '../model/errors.js'
import { given } from '../model/given.js'
import { cellIdsOf, isTrainId, NO_CELL, type TrainId } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import { dataFilesIn, isForeign, requireReadableFile } from '../sources/run/data-files.js'
import { beginAnew, framesWithIds } from '../sources/run/parallel-gain.js'
import { fileProblem, moduleSource } from '../sources/run/run-folder.js'
import { type StoredPart, storedPart } from '../sources/run/same-frames.js'
import type { Check, FileContext, FileFacts, Finding, ModuleInFile, PulseFacts } from './checks/check.js'
import { combinedProblems, isCombined } from './combined.js'

export interface Validation {
  /** Files that were looked at, the unreadable ones included. */
  readonly files: readonly string[]
  readonly problems: readonly Problem[]
}

/**
 * Runs `checks` on one file (a combined file has its own) or on every `*.h5` of a run folder, RAW or corrected, one file open at a time.
 * Problems are data: a file that cannot be read is one of them (`files_readable`).
 * @throws DataError if `path` is neither.
 */
export async function validate(
  path: string,
  checks: readonly Check[],
  options: { readonly signal?: AbortSignal; readonly onFile?: (done: number, total: number) => void } = {},
): Promise<Validation> {
  const single = await isFile(path)
  if (single && (await isCombined(path))) return { files: [path], problems: await combinedProblems(path) }
  const names = single ? [basename(path)] : await dataFilesIn(path)
  const folder = single ? dirname(path) : path
  const problems: Problem[] = []
  const facts: FileFacts[] = []
  for (const [done, name] of names.entries()) {
    options.signal?.throwIfAborted()
    options.onFile?.(done, names.length)
    const file = join(folder, name)
    try {
      await requireReadableFile(file)
      const checked = await readExdf(file, exdf => checkFile(exdf, checks))
      facts.push(checked.facts)
      problems.push(...checked.problems)
    } catch (error) {
      const problem = fileProblem(error, file)
      // A stray file in a run's folder is ignored; a file that was named must belong to a run.
      const foreign = !single && isDetcalError(error) && isForeign(name, error)
      problems.push(foreign ? { ...problem, severity: 'warning' } : problem)
    }
  }
  const context = { folder: single ? undefined : path, files: facts }
  for (const check of checks)
    if (check.scope === 'run')
      for (const finding of await check.run(context)) problems.push(problemOf(check, finding))
  return { files: names.map(name => join(folder, name)), problems }
}

async function isFile(path: string): Promise<boolean> {
  const entry = await stat(path).catch(() => undefined)
  return entry?.isFile() ?? false
}

function checkFile(
  exdf: ExdfFile,
  checks: readonly Check[],
): { readonly facts: FileFacts; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const dataset = requireDataset(exdf.file, INDEX.trainId)
  const trainColumn = readExact(dataset, Math.min(rowsOf(dataset), TRAIN_LIMIT))
  const trainIds = trainColumn.numbers
  const context: FileContext = { exdf, trainIds, trainColumn, modules: modulesOf(exdf) }
  for (const check of checks) {
    if (check.scope !== 'file') continue
    try {
      for (const finding of check.run(context)) problems.push(problemOf(check, finding, exdf.path))
    } catch (error) {
      // A failure of a check is its finding; the other checks continue.
      if (!(error instanceof DataError)) throw error
      const { dataset } = error.place
      problems.push(
        problemOf(check, { message: error.message, ...(dataset !== undefined && { dataset }) }, exdf.path),
      )
    }
  }
  const facts = {
    path: exdf.path,
    size: exdf.size,
    mtimeMs: exdf.mtimeMs,
    controlSources: exdf.controlSources,
    instrumentSources: [...exdf.instrumentSources.keys()],
    options: textOf(exdf.file.attribute('/', 'detcal_options')),
    trainIds: [...trainIds.filter(id => id !== 0)],
    modules: context.modules.map(module => ({ ...module, ...pulseFacts(context, module) })),
  }
  return { facts, problems }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function problemOf(check: Check, finding: Finding, path?: string): Problem {
  const { message, severity = 'error', file = path, dataset, module, train } = finding
  return { check: check.name, severity, message, place: given({ file, dataset, module, train }) }
}

/** Modules of a file; corrected files from before 2024 have the raw name and are recognised by their planes. */
function modulesOf({ file, instrumentSources }: ExdfFile): ModuleInFile[] {
  const found = [...instrumentSources.keys()].flatMap(source => moduleSource(source) ?? [])
  const renamed = new Set(found.filter(module => module.corrected).map(module => module.module))
  return found
    .filter(module => module.corrected || !renamed.has(module.module))
    .map(module => {
      const has = (name: string) => file.dataset(instrumentPath(module.source, `image/${name}`))
      const data = has('data')
      const corrected = module.corrected || CORRECTED_ONLY.some(has) || data?.type.name.includes('f') === true
      return { ...module, corrected }
    })
}

/** The ids of a module's frames. Trains mostly have those of the train before, which are held once: a run may be long. */
function pulseFacts(
  { exdf, trainIds }: FileContext,
  { source, detector, corrected }: ModuleInFile,
): PulseFacts {
  const parts = new Map<TrainId, StoredPart>()
  const anew: number[] = []
  const columnOf = (name: string): Float64Array | undefined => {
    const dataset = exdf.file.dataset(instrumentPath(source, `image/${name}`))
    return dataset && readExact(dataset, Math.min(rowsOf(dataset), FRAME_LIMIT)).numbers
  }
  try {
    const index = readGroupIndex(exdf, source, 'image')
    const pulses = index && columnOf('pulseId')
    if (!pulses) return { parts, anew }
    const cells = cellIdsOf(columnOf('cellId') ?? new Float64Array())
    let last: StoredPart | undefined
    trainIds.forEach((id, row) => {
      const { first, count } = rowsAt(index, row) ?? { first: 0, count: 0 }
      if (!isTrainId(id) || count === 0 || first + count > pulses.length) return
      if (!corrected && beginAnew(detector, pulses, { first, count })) anew.push(id)
      const valid = corrected ? count : framesWithIds(detector, pulses, { first, count })
      const pulseIds = pulses.slice(first, first + valid)
      const cellIds = new Uint16Array(valid).fill(NO_CELL)
      cellIds.set(cells.subarray(first, first + valid))
      const part = storedPart({ pulseIds, cellIds }, { image: { first: 0, count: valid } })
      if (!isDeepStrictEqual(part, last)) last = part
      parts.set(id, last ?? part)
    })
  } catch (error) {
    // The file checks have reported what is wrong with it.
    if (!(error instanceof DataError)) throw error
  }
  return { parts, anew }
}
