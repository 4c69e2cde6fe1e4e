import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { removeDeadLocks } from './lock.js'
import { deadPartsIn } from './parts.js'

/**
 * Removes what dead processes of this host left in `folder`: parts, and locks. Whoever writes into a folder does this first,
 * whatever command it was that died. What cannot be removed, or seen, is left.
 */
export function sweepLeftovers(folder: string): void {
  try {
    for (const name of deadPartsIn(folder)) rmSync(join(folder, name), { recursive: true, force: true })
    removeDeadLocks(folder)
  } catch {
    // The folder is not there, or belongs to somebody else: nothing of ours is in the way then.
  }
}

/** {@link sweepLeftovers} in `folder` and all folders below it, at most `depth` levels down. */
export function sweepLeftoversBelow(folder: string, depth: number): void {
  sweepLeftovers(folder)
  if (depth > 0) for (const name of foldersIn(folder)) sweepLeftoversBelow(join(folder, name), depth - 1)
}

/** Names of the folders in `folder`; none where it cannot be seen. */
export function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}
