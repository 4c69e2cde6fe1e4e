import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { BusyError } from '../model/errors.js'
import { isUnsupported } from './errors.js'
import { createOnce } from './names.js'
import { partOf } from './parts.js'
import { isGone } from './processes.js'
import { isSlurmStartOver, SLURM_START, slurmStart } from './slurm-start.js'

/** Name of the lock in a folder. */
export const LOCK_NAME = '.detcal.lock'

/** The process that holds an output folder; `started` distinguishes it from a later one with the same pid. */
const HOLDER = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  host: v.string(),
  started: v.string(),
  /** Of a process in a Slurm job: what tells other hosts that it is dead. */
  slurm: v.optional(SLURM_START),
})

type Holder = v.InferOutput<typeof HOLDER>

/** A process, of whichever host. */
export type HostProcess = Pick<Holder, 'pid' | 'host'>

/** Held while a process writes into a folder, or a file that may be in any folder, or does what a file names. */
export interface HeldLock {
  /** Dead processes whose locks were removed: their parts may be removed too. */
  readonly swept: readonly HostProcess[]
  /** Whether it is still this process's: who was taken for dead, since its node had failed, must not go on. */
  isHeld(): boolean
  release(): void
}

/** How often a lock that other processes are changing is read again, and the wait for one that is half written. */
const ATTEMPTS = 8
const PAUSE_MS = 10

/**
 * Takes the lock of `folder`, removing those that dead processes left: of this host, or of Slurm jobs that have ended. Who writes files that nobody else does
 * locks a part alone: parts exclude the whole folder, and each itself, but not one another.
 *
 * The lock appears with its content or not at all (`link` of a finished file), so that no reader finds half of it; without
 * hard links it is created empty (`O_EXCL`) and filled at once, and a process that finds it empty waits a little.
 * @param part name of the part; absent: the whole folder.
 * @throws BusyError if a living process, or one of another host, holds it, or if its holder cannot be read.
 */
export function lockFolder(folder: string, part?: string): HeldLock {
  const lock = take(join(folder, part === undefined ? LOCK_NAME : `.detcal.part-${part}.lock`), folder)
  try {
    // The own lock first: of two that exclude each other, at least one sees the other.
    const others = part === undefined ? readdirSync(folder).filter(name => PART_LOCK.test(name)) : [LOCK_NAME]
    const swept = others.flatMap(name => sweepDead(join(folder, name), folder))
    return { ...lock, swept: [...lock.swept, ...swept] }
  } catch (error) {
    lock.release()
    throw error
  }
}

const PART_LOCK = /^\.detcal\.part-[\w-]+\.lock$/

/** As {@link lockFolder}, of one file, by a lock beside it: processes that write to different folders may name the same. */
export function lockFile(file: string): HeldLock {
  return take(lockBeside(file), file)
}

/** Pid of the living process of this host that holds the lock of a file; undefined: none does. */
export function lockHolder(file: string): number | undefined {
  const holder = readHolder(lockBeside(file))
  const isOurs = typeof holder === 'object' && holder.host === hostname() && !isDead(holder)
  return isOurs ? holder.pid : undefined
}

function lockBeside(file: string): string {
  const name = createHash('sha256').update(basename(file)).digest('hex').slice(0, 8)
  return join(dirname(file), `.detcal-${name}.lock`)
}

/** Removes the locks in `folder` whose processes, of this host, are dead. Of others it is asked only where they are in the way. */
export function removeDeadLocks(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!PART_LOCK.test(name) && !/^\.detcal(-[0-9a-f]{8})?\.lock$/.test(name)) continue
    const path = join(folder, name)
    const holder = readHolder(path)
    if (typeof holder === 'object' && holder.host === hostname() && isDead(holder))
      sweep(path, holder, JSON.stringify(holderOf(process.pid)))
  }
}

/** @param locked the folder or file, for messages. */
function take(path: string, locked: string): HeldLock {
  const own = JSON.stringify(holderOf(process.pid))
  const swept: HostProcess[] = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (takeName(path, own)) {
      const isHeld = () => isContent(path, own)
      return { swept, isHeld, release: () => isHeld() && rmSync(path, { force: true }) }
    }
    swept.push(...sweepDead(path, locked))
  }
  throw new BusyError('other processes are taking its lock', {
    place: { file: locked },
    hint: `Try again, or remove ${path}.sweep if no detcal is running there`,
  })
}

/**
 * Removes the lock `path` if a dead process left it; waits a little for one that others are changing.
 * @returns that process, if it was removed. @throws BusyError if it is held, or cannot be read.
 */
function sweepDead(path: string, locked: string): HostProcess[] {
  const own = JSON.stringify(holderOf(process.pid))
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const holder = readHolder(path)
    if (holder === undefined) return []
    if (holder !== 'unreadable') {
      if (!isDead(holder)) throw busy(locked, path, holder)
      if (sweep(path, holder, own)) return [holder]
    }
    pause()
  }
  if (readHolder(path) !== 'unreadable') return []
  throw new BusyError('the lock cannot be read', {
    place: { file: path },
    hint: 'Remove it if no detcal is running there',
  })
}

/** Makes the file `path`, of that content, unless there is one. @returns whether it did. */
function takeName(path: string, content: string): boolean {
  const whole = partOf(path)
  try {
    writeFileSync(whole, content)
    flushHolder(whole)
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

/** After a power failure a lock then still names its holder, who is dead. */
function flushHolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } catch (error) {
    if (!isUnsupported(error)) throw error
  } finally {
    closeSync(fd)
  }
}

/** Blocks this thread, which is harmless: folders are locked before any other work begins. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
}

function holderOf(pid: number): Holder {
  const slurm = slurmStart()
  return { pid, host: hostname(), started: startTime(pid), ...(slurm && { slurm }) }
}

function isContent(path: string, content: string): boolean {
  try {
    return readFileSync(path, 'utf8') === content
  } catch {
    return false
  }
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
  if (holder.host !== hostname()) return holder.slurm !== undefined && isSlurmStartOver(holder.slurm)
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
