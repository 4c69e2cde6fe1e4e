import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { freeBytes } from '../../src/files/free-space.js'
import { isPart } from '../../src/files/parts.js'

/** A pack that is whole; one that is being written is a part. */
export const PACK = '.pack'

/** A part that was not written to for this long was left by a process that died. */
const STALE_MS = 3600_000

/** Packs take at most this part of what the file system would have free without them. */
const SHARE_OF_FREE = 0.5

interface Entry {
  readonly path: string
  readonly bytes: number
  /** When it was used last: written, or opened to be read. */
  readonly usedMs: number
  readonly whole: boolean
}

/**
 * Removes the packs of `folder` that were used longest ago until `bytes` more fit: below `limit`, and below a share of
 * what is free. Packs used at `since` (ms since 1970) or later stay: a run that does not fit as a whole keeps what
 * fits, instead of evicting for its last modules what the next run needs first.
 * @returns whether there is space.
 */
export function makeRoom(folder: string, bytes: number, limit: number, since: number): boolean {
  const entries = entriesOf(folder)
  let taken = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  // Where it is not known nothing is free: the cache must not fill a disk.
  const most = Math.min(limit, ((freeBytes(folder) ?? 0) + taken) * SHARE_OF_FREE)
  if (bytes > most) return false
  const old = entries.filter(({ whole, usedMs }) => whole && usedMs < since)
  for (const { path, bytes: freed } of old.sort((a, b) => a.usedMs - b.usedMs)) {
    if (taken + bytes <= most) break
    // A process that has it open can still read it; another may have removed it first.
    rmSync(path, { force: true })
    taken -= freed
  }
  return taken + bytes <= most
}

/** Packs and parts in `folder`; parts that a dead process left are removed. */
function entriesOf(folder: string): Entry[] {
  const entries: Entry[] = []
  for (const name of readdirSync(folder)) {
    const whole = name.endsWith(PACK)
    if (!whole && !isPart(name)) continue
    const path = join(folder, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) continue
    if (!whole && Date.now() - stat.mtimeMs > STALE_MS) rmSync(path, { force: true })
    else entries.push({ path, bytes: stat.size, usedMs: stat.mtimeMs, whole })
  }
  return entries
}
