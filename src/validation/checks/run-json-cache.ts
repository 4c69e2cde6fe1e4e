import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import type { FileFacts, Finding, RunCheck } from './check.js'

/** The map of sources and trains that EXtra-data leaves in a run folder. */
const CACHE = 'karabo_data_map.json'
const LIMIT = 256 * 1024 * 1024

/** A list, or null where there is none. */
const listOf = <T extends v.GenericSchema>(item: T) => v.fallback(v.nullable(v.array(item)), null)

/** What EXtra-data notes of a file. Size and time tell whether it speaks of the file that is there. */
const ENTRY = v.object({
  filename: v.string(),
  size: v.number(),
  mtime: v.number(),
  train_ids: listOf(v.number()),
  control_sources: listOf(v.string()),
  instrument_sources: listOf(v.string()),
})

export const runJsonCache: RunCheck = {
  name: 'run_json_cache',
  describe: `entries of ${CACHE} that contradict their file`,
  scope: 'run',
  async run({ folder, files }) {
    if (folder === undefined) return []
    const cache = join(folder, CACHE)
    const { size } = await stat(cache).catch(() => ({ size: 0 }))
    if (size === 0 || size > LIMIT) return []
    let entries: unknown
    try {
      entries = JSON.parse(await readFile(cache, 'utf8'))
    } catch {
      return [{ message: 'is not JSON', file: cache }]
    }
    if (!Array.isArray(entries)) return [{ message: 'is not a list of files', file: cache }]
    const byName = new Map(files.map(file => [basename(file.path), file]))
    return entries.flatMap((entry: unknown) => contradiction(entry, byName, cache))
  },
}

/** Entries of files that have changed since are discarded by EXtra-data itself, so they do no harm. */
function contradiction(entry: unknown, files: ReadonlyMap<string, FileFacts>, cache: string): Finding[] {
  const { success, output } = v.safeParse(ENTRY, entry)
  if (!success) return []
  const { filename, size, mtime, train_ids, control_sources, instrument_sources } = output
  const file = files.get(filename)
  if (!file || size !== file.size || Math.abs(mtime - file.mtimeMs / 1000) > 1e-3) return []
  const agree =
    sameNames(control_sources, file.controlSources) &&
    sameNames(instrument_sources, file.instrumentSources) &&
    train_ids?.length === file.trainIds.length &&
    train_ids.every((id, i) => id === file.trainIds[i])
  return agree ? [] : [{ message: `incorrect entry of ${basename(file.path)}`, file: cache }]
}

/** Whether both are the same names, in any order. */
function sameNames(a: readonly string[] | null, b: readonly string[]): boolean {
  return a?.length === b.length && a.every(name => b.includes(name))
}
