import { closeSync, fsync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { asOutputError, isUnsupported } from './errors.js'
import { sweepLeftovers } from './leftovers.js'
import { replaceFile } from './names.js'
import { partOf, removePart } from './parts.js'

/**
 * Writes a file that appears under `path` only when it is whole and on disk; a file that is there is replaced.
 * @param write writes all of it to the path it is given, where nothing is yet.
 * @throws OutputError naming `path`; what `write` throws; nothing is left then.
 */
export async function writeWhole(path: string, write: (part: string) => void): Promise<void> {
  sweepLeftovers(dirname(path))
  const part = partOf(path)
  try {
    write(part)
    await publish(openSync(part, 'r'), part, path)
  } catch (error) {
    removePart(part)
    throw asOutputError(error, path)
  }
}

/**
 * Closes a file that was written under the name `part`, and gives it the name `path`.
 * @param sync whether the file and its name are on disk then, where the file system flushes at all.
 * @throws the system's error
 */
export async function publish(fd: number, part: string, path: string, sync = true): Promise<void> {
  // Closed first: not every file system renames what is open.
  if (sync) await flushAndClose(fd)
  else closeSync(fd)
  replaceFile(part, path)
  if (sync) flushFolder(dirname(path))
}

/** Has a file on disk, where the file system flushes files. @throws the system's error */
export async function flushed(path: string): Promise<void> {
  await flushAndClose(openSync(path, 'r'))
}

/** On libuv's threads: flushing gigabytes must not stop the thread that schedules work. */
const fsyncBeside = promisify(fsync)

async function flushAndClose(fd: number): Promise<void> {
  try {
    await fsyncBeside(fd)
  } catch (error) {
    if (!isUnsupported(error)) throw error
  } finally {
    closeSync(fd)
  }
}

/** Has the names in a folder on disk, where the file system flushes folders: many do not. */
function flushFolder(folder: string): void {
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
