import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import * as v from 'valibot'
import { makeFolders } from '../files/folders.js'
import { partOf } from '../files/parts.js'
import { publish } from '../files/publish.js'
import { DataError, type ErrorRecord, recordOf, UsageError } from '../model/errors.js'
import { shaped } from '../model/shape.js'
import { DARK_RUNS } from './dark-runs.js'
import { RUN_FIELDS } from './run-key.js'

// A request's jobs tell what they did by files in its folder, which appear whole or not at all.

/** What the jobs of a request are told. */
const TASK = v.object({
  id: v.number(),
  run: v.object(RUN_FIELDS),
  /** Root of the proposal tree. */
  root: v.string(),
  /** Karabo name; empty: all detectors of the run. */
  detector: v.string(),
  overwrite: v.boolean(),
  /** Runs to be characterised; absent: the run is corrected. */
  dark: v.optional(DARK_RUNS),
  catalogue: v.string(),
  /** Further options of the correction, by their names in a `CorrectionRequest`. */
  options: v.record(v.string(), v.unknown()),
  /** Parts at most. */
  maxJobs: v.number(),
  /** Threads and bytes of memory of a job; absent: as many as there are. */
  workers: v.optional(v.number()),
  memory: v.optional(v.number()),
  /** Folder and size of the constants cache, as of `detcal correct`. */
  constantsCache: v.optional(v.string()),
  constantsCacheSize: v.optional(v.string()),
  /** Whether the completion file has the files' checksums. */
  checksums: v.boolean(),
  /** When the results say that they were made: the same in all parts, whenever they ran. */
  created: v.string(),
})
export type JobTask = v.InferOutput<typeof TASK>

/** Where the folders of a queue's requests are: beside it, or where a link beside it leads. */
export function requestFolders(queue: string): string {
  const beside = `${resolve(queue)}.jobs`
  return existsSync(beside) ? realpathSync(beside) : beside
}

/**
 * Has the folders of a queue's requests made in `folder`, which other hosts share, in one of their own.
 * @throws UsageError if there are some elsewhere. @throws the system's error
 */
export function keepRequestsIn(folder: string, queue: string): void {
  const beside = `${resolve(queue)}.jobs`
  makeFolders(resolve(folder))
  if (existsSync(beside)) {
    const found = realpathSync(beside)
    if (found.startsWith(`${realpathSync(folder)}/`)) return
    throw new UsageError(`requests of this queue are in ${found}, not in ${folder}`, {
      hint: 'Name another --queue, or the folder that it began with',
    })
  }
  const own = mkdtempSync(join(realpathSync(folder), `${basename(queue)}-`))
  // One that leads nowhere is of a folder that was removed.
  rmSync(beside, { force: true })
  symlinkSync(own, beside)
}

/** Where the jobs of a request keep their files. */
export function jobFolder(queue: string, id: number): string {
  return join(requestFolders(queue), String(id))
}

/** What the lock is of that a job's process holds while it runs. */
export function jobLock(folder: string, name: string): string {
  return join(folder, name)
}

/** The log of all its attempts. */
export function jobLog(folder: string, name: string): string {
  return join(folder, `${name}.log`)
}

/** Makes a request's folder and says in it what is to be done; a folder that is there keeps what it said. */
export async function writeTask(folder: string, task: JobTask): Promise<void> {
  makeFolders(folder)
  if (readJson(join(folder, TASK_NAME)) === undefined) await writeJson(join(folder, TASK_NAME), task)
}

const TASK_NAME = 'task.json'

/** @throws DataError if there is none. */
export function readTask(folder: string): JobTask {
  const path = join(folder, TASK_NAME)
  return shaped(TASK, readJson(path), message => damaged(path, message))
}

/** How an attempt ended. */
export type JobResult<T> = { readonly value: T } | { readonly error: ErrorRecord }

function resultPath(folder: string, name: string, attempt: number): string {
  return join(folder, `${name}.${attempt}.json`)
}

/**
 * What a job came to: the value of any of its attempts, since an earlier one may have gone on unseen; else the error of this
 * attempt. Undefined: nothing yet.
 */
export function readResult<T>(
  folder: string,
  { name, attempt }: { readonly name: string; readonly attempt: number },
): JobResult<T> | undefined {
  const results = readdirSync(folder)
    .filter(file => new RegExp(`^${name}\\.\\d+\\.json$`).test(file))
    .map(file => readJson(join(folder, file)) as JobResult<T>)
  const whole = results.find(result => 'value' in result)
  return whole ?? (readJson(resultPath(folder, name, attempt)) as JobResult<T> | undefined)
}

/**
 * Does an attempt's work and says what it came to.
 * @throws what `work` throws once `signal` is aborted: a job that is stopped has come to nothing, and says nothing.
 */
export async function withResult(
  folder: string,
  name: string,
  attempt: number,
  work: () => Promise<object>,
  signal: AbortSignal,
): Promise<JobResult<object>> {
  let result: JobResult<object>
  try {
    result = { value: await work() }
  } catch (error) {
    if (signal.aborted) throw error
    result = { error: recordOf(error) }
  }
  await writeJson(resultPath(folder, name, attempt), result)
  return result
}

/** Writes JSON under a name at which it appears whole. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const part = partOf(path)
  try {
    writeFileSync(part, `${JSON.stringify(value, null, 1)}\n`)
    await publish(openSync(part, 'r'), part, path)
  } finally {
    rmSync(part, { force: true })
  }
}

/** @returns undefined if there is none. @throws DataError if it is no JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw damaged(path, (error as Error).message)
  }
}

function damaged(path: string, message: string): DataError {
  return new DataError(`it cannot be read: ${message}`, {
    place: { file: path },
    hint: 'Ask for the run anew',
  })
}
