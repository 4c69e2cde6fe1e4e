import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import { isDetcalError } from '../model/errors.js'
import { COMPLETION_NAME } from './completion.js'
import { readMarker } from './marker.js'
import type { JobQueue } from './queue.js'
import { MARKER_NAME, type Quality, RUN_FIELDS, type RunKey, runFolders } from './run-key.js'
import { judge, submit } from './submit.js'

/**
 * Looks for migration markers in a proposal tree: by reading folders, as network file systems do not tell of changes that
 * other hosts make.
 */
export class MarkerWatch {
  readonly #root: string
  readonly #queue: JobQueue
  /** Markers as they were, by path. */
  readonly #known = new Map<string, string>()

  constructor(root: string, queue: JobQueue) {
    this.#root = root
    this.#queue = queue
  }

  /** Looks at all runs once: one whose marker is new is asked for, another quality is the run's from now on. */
  async look(): Promise<void> {
    for (const run of runsIn(this.#root)) {
      this.#lookAt(run)
      await setImmediate()
    }
  }

  #lookAt(run: RunKey): void {
    try {
      const folders = runFolders(this.#root, run)
      const path = join(folders.raw, MARKER_NAME)
      const info = statSync(path, { throwIfNoEntry: false })
      const seen = info && `${info.size} ${info.mtimeMs}`
      if (seen === undefined || this.#known.get(path) === seen) return
      const quality = readMarker(folders.raw)?.quality
      if (quality !== undefined)
        enter(this.#queue, run, quality, existsSync(join(folders.proc, COMPLETION_NAME)))
      this.#known.set(path, seen)
    } catch (error) {
      // A link that leads out is nobody's run; what cannot be read now may be later.
      if (!isDetcalError(error) && (error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }
}

/** Enters what a marker says, unless it said so before. */
function enter(queue: JobQueue, run: RunKey, quality: Quality, isCorrected: boolean): void {
  queue.transaction(() => {
    if (queue.markedQuality(run) === quality) return
    queue.setMarkedQuality(run, quality)
    if (queue.requestsOf(run).length > 0) judge(queue, run, quality)
    // Corrected before there was this queue.
    else if (!isCorrected)
      submit(queue, { request: 'correct', ...run, quality, priority: 2, recorrect: false })
  })
}

const RUN = v.object(RUN_FIELDS)

/** `<root>/<INSTRUMENT>/<cycle>/p<NNNNNN>/raw/r<NNNN>`: all folders that have such names. */
function* runsIn(root: string): Generator<RunKey> {
  for (const instrument of foldersIn(root))
    for (const cycle of foldersIn(join(root, instrument)))
      for (const proposal of foldersIn(join(root, instrument, cycle)))
        for (const run of foldersIn(join(root, instrument, cycle, proposal, 'raw'))) {
          if (!/^p\d{6}$/.test(proposal) || !/^r\d{4}$/.test(run)) continue
          const key = { instrument, cycle, proposal: Number(proposal.slice(1)), run: Number(run.slice(1)) }
          if (v.is(RUN, key)) yield key
        }
}

function foldersIn(folder: string): string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
  return entries.filter(entry => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name)
}
