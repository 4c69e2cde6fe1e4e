import { openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OutputFolder } from '../files/output-folder.js'
import { isDetcalError } from '../model/errors.js'
import { readJson } from './job-files.js'
import type { RunKey } from './run-key.js'

/** Name of the file that is in a run's proc folder when, and only when, its corrected files are complete. */
export const COMPLETION_NAME = 'corrections_complete.json'

/** A corrected file. */
export interface CompletedFile {
  readonly name: string
  readonly module: number
  readonly trains: number
  readonly frames: number
  readonly bytes: number
  readonly sha256?: string
}

/** What became of one detector: `partial` if some of its files could not be corrected, `failed` if none could. */
export interface CompletedDetector {
  readonly request: number
  readonly status: 'corrected' | 'partial' | 'failed'
  readonly completed: string
  readonly software: string
  /** Name of the file that has options and constants. */
  readonly metadata?: string
  /** Name of its report, a page for a browser; what it says as data has the same name, with `.json`. */
  readonly report: string
  /** The first sentences of the report. */
  readonly verdict: string
  readonly trains: number
  readonly frames: number
  readonly modules: Readonly<
    Record<string, { readonly status: string; readonly trains: number; readonly frames: number }>
  >
  readonly files: readonly CompletedFile[]
  readonly problems: readonly string[]
}

/** The content of the file. */
export interface Completion extends RunKey {
  readonly event: string
  readonly detectors: Readonly<Record<string, CompletedDetector>>
}

/** The completion file of a proc folder; undefined: there is none, or it cannot be read. */
export function readCompletion(proc: string): Completion | undefined {
  try {
    return readJson(join(proc, COMPLETION_NAME)) as Completion | undefined
  } catch (error) {
    if (isDetcalError(error)) return undefined
    throw error
  }
}

/** Says that detectors are complete; what the file says of others stays. */
export async function writeCompletion(folder: OutputFolder, completion: Completion): Promise<void> {
  const path = join(folder.path, COMPLETION_NAME)
  const detectors = { ...readCompletion(folder.path)?.detectors, ...completion.detectors }
  const part = folder.part(path)
  writeFileSync(part, `${JSON.stringify({ ...completion, detectors }, null, 1)}\n`)
  await folder.publish(part, path, openSync(part, 'r'))
}

/** Says no more that these detectors are complete, before the first of their files is replaced. */
export async function withdrawCompletion(folder: OutputFolder, karaboIds: readonly string[]): Promise<void> {
  const path = join(folder.path, COMPLETION_NAME)
  const found = readCompletion(folder.path)
  const rest = Object.entries(found?.detectors ?? {}).filter(([karaboId]) => !karaboIds.includes(karaboId))
  if (found === undefined || rest.length === 0) {
    rmSync(path, { force: true })
    return
  }
  const part = folder.part(path)
  writeFileSync(part, `${JSON.stringify({ ...found, detectors: Object.fromEntries(rest) }, null, 1)}\n`)
  await folder.publish(part, path, openSync(part, 'r'))
}
