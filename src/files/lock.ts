import { createHash } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { BusyError } from '../model/errors.js'
import { createOnce } from './names.js'
import { partOf } from './parts.js'
import { isGone } from './processes.js'

/** Name of the lock in a folder. */
export const LOCK_NAME = '.detcal.lock'

/** The process that holds an output folder; `started` distinguishes it from a later one with the same pid. */
const HOLDER = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  host: v.string(),
  started: v.string(),
})

type Holder = v.InferOutput<typeof HOLDER>

/** Held while a process writes into a folder, or a file that may be in any folder. */
export interface HeldLock {
  /** Pids of dead processes of this host whose locks were removed: their parts may be removed too. */
  readonly swept: readonly number[]
  release(): void
}

/** How often a lock that other processes are changing is read again, and the wait for one that is half written. */
const ATTEMPTS = 8
const PAUSE_MS = 10

/**
 * Takes the lock of `folder`, removing one that a dead process of this host left.
 *
 * The lock appears with its content or not at all (`link` of a finished file), so that no reader finds half of it; without
 * hard links it is created empty (`O_EXCL`) and filled at once, and a process that finds it empty waits a little.
 * @throws BusyError if a living process, or one of another host, holds it, or if its holder cannot be read.
 */
export function lockFolder(folder: string): HeldLock {
  return take(join(folder, LOCK_NAME), folder)
}

/** As {@link lockFolder}, of one file, by a lock beside it: processes that write to different folders may name the same. */
export function lockFile(file: string): HeldLock {
  const name = createHash('sha256').update(basename(file)).digest('hex').slice(0, 8)
  return take(join(dirname(file), `.detcal-${name}.lock`), file)
}

/** Removes the locks in `folder` whose processes, of this host, are dead. */
export function removeDeadLocks(folder: string): void {
  for (const name of readdirSync(folder).filter(name => /^\.detcal(-[0-9a-f]{8})?\.lock$/.test(name))) {
    const path = join(folder, name)
    const holder = readHolder(path)
    if (typeof holder === 'object' && isDead(holder))
      sweep(path, holder, JSON.stringify(holderOf(process.pid)))
  }
}

/** @param locked the folder or file, for messages. */
function take(path: string, locked: string): HeldLock {
  const own = JSON.stringify(holderOf(process.pid))
  const swept: number[] = []
  let unreadable = false
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (takeName(path, own)) return { swept, release: () => rmSync(path, { force: true }) }
    const holder = readHolder(path)
    unreadable = holder === 'unreadable'
    if (holder === 'unreadable') pause()
    else if (holder !== undefined) {
      if (!isDead(holder)) throw busy(locked, path, holder)
      if (sweep(path, holder, own)) swept.push(holder.pid)
      else pause()
    }
  }
  if (unreadable)
    throw new BusyError('the lock cannot be read', {
      place: { file: path },
      hint: 'Remove it if no detcal is running there',
    })
  throw new BusyError('other processes are taking its lock', {
    place: { file: locked },
    hint: `Try again, or remove ${path}.sweep if no detcal is running there`,
  })
}

/** Makes the file `path`, of that content, unless there is one. @returns whether it did. */
function takeName(path: string, content: string): boolean {
  const whole = partOf(path)
  try {
    writeFileSync(whole, content)
    linkSync(whole, path)
    return true
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall !== 'link') throw error
    // Whatever the error is called: there are no hard links here.
    return code === 'EEXIST' ? false : createOnce(path, content)
  } finally {
    rmSync(whole, { force: true })
  }
}

/** Blocks this thread, which is harmless: folders are locked before any other work begins. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
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
  if (isGone(holder.pid)) return true
  return holder.started !== '' && startTime(holder.pid) !== holder.started
}

/** @returns undefined if there is no lock; `unreadable` if it is empty, half written or damaged. */
function readHolder(path: string): Holder | 'unreadable' | undefined {
  try {
    return v.parse(HOLDER, JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable'
  }
}

/**
 * Removes the lock of a dead process. Only one process does so at a time, and it reads the lock again first, so that one
 * taken in the meantime is never removed. @returns whether it was removed.
 */
function sweep(path: string, dead: Holder, own: string): boolean {
  const guard = `${path}.sweep`
  if (!takeName(guard, own)) return false
  try {
    const found = readHolder(path)
    if (typeof found !== 'object' || found.pid !== dead.pid || found.started !== dead.started) return false
    unlinkSync(path)
    return true
  } finally {
    rmSync(guard, { force: true })
  }
}

function busy(locked: string, path: string, holder: Holder): BusyError {
  return new BusyError(`process ${holder.pid} on ${holder.host} is writing there`, {
    place: { file: locked },
    hint: `Wait for it, choose another place, or remove ${path} if that process is gone`,
  })
}
