import { closeSync, linkSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { isUnsupported } from './errors.js'

// Names are given safely, too, where a file system lacks hard links or renames over files: exFAT and FAT disks, SMB shares,
// sshfs, object stores.

/**
 * Makes the file `path` unless there is one: of several processes that try, one alone succeeds. Until it returns, readers
 * may find the file without its content.
 * @returns whether it was made. @throws the system's error; no file is left then.
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

/**
 * Gives `from` the name `to` unless that is taken: another process may take it at any time, so a link decides. Without
 * hard links, whatever error the system reports, an empty file takes the name, and then `from` takes its place.
 * @returns whether it was given. @throws the system's error; `to` is not there then.
 */
export function nameOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    if (!createOnce(to)) return false
    try {
      replaceFile(from, to)
      return true
    } catch (error) {
      rmSync(to, { force: true })
      throw error
    }
  }
  rmSync(from)
  return true
}

/**
 * Gives the file or folder `from` the name `to`, in place of the file or folder that has it. Where a rename does not
 * replace, that one is moved aside first, and back again if `from` cannot take its place.
 * @throws the system's error of the first rename; `from` and `to` are as they were then.
 */
export function replaceFile(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    const refused = ['EEXIST', 'ENOTEMPTY', 'EBUSY'].includes(code) || isUnsupported(error)
    if (!refused || !areAlike(from, to)) throw error
    moveAside(from, to, error)
  }
}

/** Whether a folder would take the place of a folder, or a file that of a file. */
function areAlike(from: string, to: string): boolean {
  const there = statSync(to, { throwIfNoEntry: false })
  const isFolder = statSync(from, { throwIfNoEntry: false })?.isDirectory() ?? false
  return (isFolder ? there?.isDirectory() : there?.isFile()) ?? false
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
    rmSync(former, { recursive: true, force: true })
  } catch {
    // A program still has it open; `from` has its name all the same.
  }
}

/**
 * Names that no program of the experiment gave: AppleDouble files (`._name`), in which macOS keeps attributes on disks of
 * others, and what NFS leaves of a file that was removed while it was open (`.nfs…`). They are passed over in silence.
 */
export function belongsToNobody(name: string): boolean {
  return name.startsWith('._') || /^\.nfs[0-9a-f]{8,}/i.test(name)
}
