import { closeSync, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OutputError } from '../model/errors.js'
import { asOutputError, writing } from './errors.js'
import { makeFolders, removeEmptyFolders } from './folders.js'
import { sweepLeftovers } from './leftovers.js'
import { type HeldLock, lockFile, lockFolder } from './lock.js'
import { partOf, removePart, removeParts } from './parts.js'
import { publish } from './publish.js'

export interface OutputOptions {
  /** Replace existing files; otherwise they are an error, found before anything is written. */
  readonly overwrite: boolean
  /** Flush each file to the disk before its name appears, and the name after. Off for scratch and benchmarks. */
  readonly sync: boolean
  /**
   * Name of the part of the folder that is written, where other processes write other files of it at the same time; absent:
   * the folder is one process's alone.
   */
  readonly part?: string
}

/**
 * A folder in which files appear only whole: each is written as a part, flushed, then renamed. One process at a time,
 * because all write one metadata file; those that write parts leave it to another.
 */
export class OutputFolder {
  readonly path: string
  readonly #options: OutputOptions
  readonly #locks: HeldLock[]
  readonly #created: readonly string[]
  readonly #parts = new Set<string>()

  private constructor(path: string, options: OutputOptions, lock: HeldLock, created: readonly string[]) {
    this.path = path
    this.#options = options
    this.#locks = [lock]
    this.#created = created
  }

  /**
   * Makes the folder if need be and locks it; parts that dead processes of this host left in it are removed.
   * @throws OutputError if it cannot be made or written to. @throws BusyError if another process holds it.
   */
  static open(path: string, options: OutputOptions): OutputFolder {
    const absolute = resolve(path)
    let created: string[] = []
    try {
      created = makeFolders(absolute)
      const lock = lockFolder(absolute, options.part)
      for (const dead of lock.swept) removeParts(absolute, dead)
      sweepLeftovers(absolute)
      return new OutputFolder(absolute, options, lock, created)
    } catch (error) {
      removeEmptyFolders(created)
      throw asOutputError(error, absolute)
    }
  }

  /**
   * Locks a file that may lie in another folder, as others do that write elsewhere; what dead processes left beside it is
   * removed. @throws BusyError if another process writes it. @throws OutputError
   */
  hold(final: string): void {
    if (dirname(final) !== this.path) sweepLeftovers(dirname(final))
    this.#locks.push(writing(final, () => lockFile(final)))
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

  /** A temporary name under which `final` is written. */
  part(final: string): string {
    const part = partOf(final)
    this.#parts.add(part)
    return part
  }

  /**
   * Flushes `part` (open as `fd`), closes it and gives it its final name.
   * @throws OutputError if it cannot be, or if another process has taken the lock, since this one's node was taken for dead.
   */
  async publish(part: string, final: string, fd: number): Promise<void> {
    try {
      this.#requireHeld(final, fd)
      await publish(fd, part, final, this.#options.sync)
      this.#parts.delete(part)
    } catch (error) {
      throw asOutputError(error, final)
    }
  }

  #requireHeld(final: string, fd: number): void {
    if (this.#locks.every(lock => lock.isHeld())) return
    closeSync(fd)
    throw new OutputError('the lock of its folder is not held any more, so that it is not written', {
      place: { file: final },
      hint: 'Another process has gone on with it, or somebody has removed the lock',
    })
  }

  /** Forgets `part` and removes it if it is there. */
  discard(part: string): void {
    removePart(part)
    this.#parts.delete(part)
  }

  /** Removes what was not published, releases the lock and removes folders that were made for nothing. */
  close(): void {
    for (const part of this.#parts) removePart(part)
    for (const lock of this.#locks) lock.release()
    removeEmptyFolders(this.#created)
  }
}
