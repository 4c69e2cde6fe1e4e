import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { FileFacts, Finding, RunCheck } from './check.js'

/** The map of sources and trains that EXtra-data leaves in a run folder. */
const CACHE = 'karabo_data_map.json'
const LIMIT = 256 * 1024 * 1024

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
  const { filename, size, mtime, train_ids, control_sources, instrument_sources } = (entry ?? {}) as Record<
    string,
    unknown
  >
  const file = files.get(String(filename))
  if (!file || size !== file.size || Math.abs(Number(mtime) - file.mtimeMs / 1000) > 1e-3) return []
  const same = (a: unknown, b: readonly (string | number)[], ordered: boolean) => {
    if (!Array.isArray(a) || a.length !== b.length) return false
    return ordered ? a.every((item, i) => item === b[i]) : a.every(item => b.includes(item as string))
  }
  const agree =
    same(control_sources, file.controlSources, false) &&
    same(instrument_sources, file.instrumentSources, false) &&
    same(train_ids, file.trainIds, true)
  return agree ? [] : [{ message: `incorrect entry of ${basename(file.path)}`, file: cache }]
}
