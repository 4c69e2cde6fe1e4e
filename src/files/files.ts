import { closeSync, fsync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'

// What not every file system has (exFAT and FAT disks, SMB shares, sshfs, object stores), done another safe way.

/** What says that there is no such thing here, rather than that data may be lost. */
const UNSUPPORTED = new Set([
  'EINVAL',
  'EBADF',
  'EPERM',
  'EACCES',
  'EISDIR',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOTTY',
])

/** Whether `error` says that the file system does not know what it was asked for. */
export function isUnsupported(error: unknown): boolean {
  return UNSUPPORTED.has((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}

/**
 * Makes the file `path` unless there is one: of several who try only one is told true. Who reads it meanwhile may find it
 * without its content.
 * @throws the system's error; no file is left then.
 */
export function createOnce(path: string, content = ''): boolean {
  let fd: number
  try {
    fd = openSync(path, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    writeFileSync(fd, content)
    return true
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}

/** On libuv's threads: flushing gigabytes must not stop whoever schedules work. */
const fsyncBeside = promisify(fsync)

/** Has an open file on disk, where the file system flushes files at all. @throws the system's error */
export async function flushFile(fd: number): Promise<void> {
  try {
    await fsyncBeside(fd)
  } catch (error) {
    if (!isUnsupported(error)) throw error
  }
}

/** Has the names in a folder on disk, where the file system flushes folders: many do not. @throws the system's error */
export function flushFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (!isUnsupported(error)) throw error
  }
}

/**
 * Gives `from` the name `to`, in place of the file that has it. Where no rename goes over a file, that one is moved aside
 * first, and back again if `from` cannot take its place.
 * @throws the system's error of the first rename; `from` and `to` are as they were then.
 */
export function replaceFile(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    const there = statSync(to, { throwIfNoEntry: false })?.isFile() ?? false
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!there || !(code === 'EEXIST' || code === 'EBUSY' || isUnsupported(error))) throw error
    moveAside(from, to, error)
  }
}

function moveAside(from: string, to: string, error: unknown): void {
  const former = `${to}.former-${process.pid}`
  try {
    renameSync(to, former)
  } catch {
    throw error
  }
  try {
    renameSync(from, to)
  } catch {
    renameSync(former, to)
    throw error
  }
  try {
    rmSync(former, { force: true })
  } catch {
    // Somebody has it open still; `from` has its name all the same.
  }
}

/**
 * Names that no program of the experiment gave: AppleDouble files (`._name`), in which macOS keeps attributes on disks of
 * others, and what NFS leaves of a file that was removed while it was open (`.nfs…`). They are passed over in silence.
 */
export function belongsToNobody(name: string): boolean {
  return name.startsWith('._') || /^\.nfs[0-9a-f]{8,}/i.test(name)
}
