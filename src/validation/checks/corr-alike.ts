import { basename } from 'node:path'
import type { RunCheck } from './check.js'

/** Which part of a run a file is, not how it was made. */
const SELECTING: readonly string[] = ['modules', 'sequences']

export const corrAlike: RunCheck = {
  name: 'corr_alike',
  describe: 'corrected files of one folder that were made with different options',
  scope: 'run',
  *run({ files }) {
    const made = files.flatMap(({ path, options }) => {
      const table = options === undefined ? undefined : tableOf(options)
      return table === undefined ? [] : [{ path, table }]
    })
    // What most files say is taken for what was meant.
    const common = mostFrequent(made.map(({ table }) => JSON.stringify(sorted(table))))
    const [like] = made.filter(({ table }) => JSON.stringify(sorted(table)) === common)
    if (like === undefined) return
    for (const { path, table } of made) {
      const names = [...new Set([...Object.keys(table), ...Object.keys(like.table)])]
      const differing = names.filter(name => JSON.stringify(table[name]) !== JSON.stringify(like.table[name]))
      const others = differing.filter(name => !SELECTING.includes(name))
      if (others.length > 0)
        yield {
          message: `was made with other options than ${basename(like.path)}: ${others.join(', ')}`,
          file: path,
        }
    }
  },
}

type Table = Readonly<Record<string, unknown>>

function tableOf(text: string): Table | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Table) : undefined
  } catch {
    return undefined
  }
}

function sorted(table: Table): unknown[] {
  return Object.entries(table)
    .filter(([name]) => !SELECTING.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Of equally frequent ones the first. */
function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}
