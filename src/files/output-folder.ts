import { closeSync, existsSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { isDetcalError, OutputError } from '../model/errors.js'
import { flushFile, flushFolder, isUnsupported, replaceFile } from './files.js'
import { makeFolders, removeEmptyFolders } from './folders.js'
import { type FolderLock, lockFolder } from './lock.js'

export interface OutputOptions {
  /** Replace files that are there; without it they are an error, found before anything is written. */
  readonly overwrite: boolean
  /** Flush files and folder to the disk before a name appears. Off for scratch and benchmarks. */
  readonly sync: boolean
}

/**
 * A folder that files appear in only whole: each is written under a temporary name that readers of `*.h5`
 * do not open, flushed, then renamed. One process at a time.
 */
export class OutputFolder {
  readonly path: string
  readonly #options: OutputOptions
  readonly #lock: FolderLock
  readonly #created: readonly string[]
  readonly #parts = new Set<string>()

  private constructor(path: string, options: OutputOptions, lock: FolderLock, created: readonly string[]) {
    this.path = path
    this.#options = options
    this.#lock = lock
    this.#created = created
  }

  /**
   * Creates (if need be) and locks `path`; parts that dead processes of this host left there are removed.
   * @throws OutputError if it cannot be created or written to. @throws BusyError if another process holds it.
   */
  static open(path: string, options: OutputOptions): OutputFolder {
    const absolute = resolve(path)
    let created: string[] = []
    try {
      created = makeFolders(absolute)
      const lock = lockFolder(absolute)
      for (const pid of lock.swept) removeParts(absolute, pid)
      return new OutputFolder(absolute, options, lock, created)
    } catch (error) {
      removeEmptyFolders(created)
      throw asOutputError(error, absolute)
    }
  }

  /** @throws OutputError naming the first of `finals` that exists, unless overwriting was asked for. */
  refuseExisting(finals: readonly string[]): void {
    if (this.#options.overwrite) return
    const found = finals.filter(final => existsSync(final))
    const [first] = found
    if (first === undefined) return
    const more = found.length > 1 ? ` (and ${found.length - 1} more)` : ''
    throw new OutputError(`exists already${more}`, {
      place: { file: first },
      hint: 'Use --overwrite to replace it, or another --out',
    })
  }

  /** The temporary name under which `final` is written. */
  part(final: string): string {
    // It may lie in another folder, where nobody else looks for what a dead process left.
    for (const pid of this.#lock.swept) rmSync(`${final}.part-${pid}`, { force: true })
    const part = `${final}.part-${process.pid}`
    if (this.#parts.has(part)) throw new Error(`${part} is being written already`)
    this.#parts.add(part)
    return part
  }

  /** Flushes `part` (open as `fd`), closes it and gives it its final name. @throws OutputError */
  async publish(part: string, final: string, fd: number): Promise<void> {
    try {
      try {
        if (this.#options.sync) await flushFile(fd)
      } finally {
        closeSync(fd)
      }
      replaceFile(part, final)
      this.#parts.delete(part)
      if (this.#options.sync) flushFolder(dirname(final))
    } catch (error) {
      throw asOutputError(error, final)
    }
  }

  /** Forgets `part` and removes it if it is there. */
  discard(part: string): void {
    rmSync(part, { force: true })
    this.#parts.delete(part)
  }

  /** Removes what was not published, releases the lock and, if nothing came of it, the folders that were created. */
  close(): void {
    for (const part of this.#parts) rmSync(part, { force: true })
    this.#lock.release()
    removeEmptyFolders(this.#created)
  }
}

/** @throws OutputError if the file system of `folder` says that it has less than `bytes` free. */
export function requireFree(folder: string, bytes: number): void {
  const free = freeBytes(folder)
  if (free === undefined || free >= bytes) return
  throw new OutputError(`needs ${gib(bytes)} and has ${gib(free)} free`, {
    place: { file: folder },
    hint: 'Free space, select fewer modules or trains, or choose another --out',
  })
}

/** Undefined where the file system does not tell: some that are a program's (FUSE) do not know their own size. */
function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(folder)
    return blocks === 0 ? undefined : bavail * bsize
  } catch (error) {
    if (isUnsupported(error)) return undefined
    throw error
  }
}

function removeParts(folder: string, pid: number): void {
  for (const name of readdirSync(folder))
    if (name.endsWith(`.part-${pid}`)) rmSync(join(folder, name), { force: true })
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space or choose another --out',
  EDQUOT: 'Free quota or choose another --out',
  ENOENT: 'Choose a folder that is there or can be made',
  EACCES: 'Choose a folder you may write to',
  EPERM: 'Choose a folder you may write to',
  EBUSY: 'Close the program that has it open, and try again',
  ETXTBSY: 'Close the program that has it open, and try again',
  EROFS: 'Choose a folder on a writable file system',
  ENOTDIR: 'Choose a folder, not a file',
  EEXIST: 'Choose a folder, not a file',
}

/** A failed write as one line that names the file, by the name it was to get; other errors unchanged. */
export function asOutputError(error: unknown, file: string): unknown {
  if (isDetcalError(error, 'output') && error.place.file?.startsWith(`${file}.part-`)) {
    const { message, place, hint = 'Free space or choose another --out' } = error
    return new OutputError(message, { place: { ...place, file }, hint, cause: error })
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error
  return new OutputError(systemText(error as Error), {
    place: { file },
    hint: HINTS[code] ?? `Check ${basename(file)}`,
    cause: error,
  })
}

/** What the system says of a failure: `no space left on device` of `ENOSPC: no space left on device, write`. */
export function systemText({ message }: Error): string {
  return message.replace(/^E[A-Z0-9]+: |,.*$/gs, '')
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`
}
