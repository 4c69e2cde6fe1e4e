import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { BusyError } from '../model/errors.js'

/** Name of the lock in a folder. */
export const LOCK_NAME = '.detcal.lock'

/** Who holds an output folder. `started` tells a process from a later one with the same pid. */
const HOLDER = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  host: v.string(),
  started: v.string(),
})

type Holder = v.InferOutput<typeof HOLDER>

/** Held while one process writes into a folder. */
export interface FolderLock {
  /** Pids of dead processes of this host whose lock was swept: their parts may be swept too. */
  readonly swept: readonly number[]
  release(): void
}

/**
 * Takes the lock of `folder`, sweeping one left by a dead process of this host.
 *
 * The lock appears with its content or not at all (`link` of a finished file), so a reader never sees half.
 * @throws BusyError if a living process, or one of another host, holds it.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_NAME)
  const own = `${path}.${process.pid}`
  const swept: number[] = []
  try {
    writeFileSync(own, JSON.stringify(holderOf(process.pid)))
    for (let attempt = 0; attempt < 8; attempt++) {
      if (tryLink(own, path)) return { swept, release: () => rmSync(path, { force: true }) }
      const holder = readHolder(path)
      if (holder === undefined) continue
      if (!isDead(holder)) throw busy(folder, path, holder)
      sweep(path, holder)
      swept.push(holder.pid)
    }
    throw new BusyError('the output folder is contended', { place: { file: folder }, hint: 'Try again' })
  } finally {
    rmSync(own, { force: true })
  }
}

function holderOf(pid: number): Holder {
  return { pid, host: hostname(), started: startTime(pid) }
}

/** Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat); empty where there is no /proc. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isDead(holder: Holder): boolean {
  if (holder.host !== hostname()) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  return holder.started !== '' && startTime(holder.pid) !== holder.started
}

function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return v.parse(HOLDER, JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new BusyError('the lock cannot be read', {
      place: { file: path },
      hint: 'Remove it if no detcal is running there',
    })
  }
}

/** Renames before removing: of two sweepers only one has the file, and a lock taken meanwhile is put back. */
function sweep(path: string, dead: Holder): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const taken = readHolder(aside)
  if (taken && (taken.pid !== dead.pid || taken.started !== dead.started)) tryLink(aside, path)
  unlinkSync(aside)
}

function busy(folder: string, path: string, holder: Holder): BusyError {
  return new BusyError(`process ${holder.pid} on ${holder.host} is writing there`, {
    place: { file: folder },
    hint: `Wait for it, choose another --out, or remove ${path} if that process is gone`,
  })
}
