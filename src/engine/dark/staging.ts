import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { writing } from '../../files/errors.js'
import { makeFolders, removeEmptyFolders } from '../../files/folders.js'
import { requireFree } from '../../files/free-space.js'
import { type FolderLock, LOCK_NAME, lockFolder } from '../../files/lock.js'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'

/**
 * A folder in the catalogue that nobody reads: constants wait there until all of them enter. What is in it is
 * removed, come what may; a catalogue that did not exist before and gets nothing is removed too.
 */
export class Staging {
  readonly #folder: string
  /** Shows other processes that the owner of the folder is alive. */
  #lock: FolderLock | undefined
  /** Folders that had to be made for the catalogue. */
  #made: readonly string[]

  private constructor(folder: string, made: readonly string[]) {
    this.#folder = folder
    this.#made = made
  }

  /** @throws OutputError if the catalogue cannot be written or has less than `bytes` free. */
  static open(catalogue: string, bytes: number): Staging {
    const root = resolve(catalogue)
    return writing(root, () => {
      const folder = join(root, `${PREFIX}${hostname()}-${process.pid}`)
      const staging = new Staging(folder, makeFolders(root))
      try {
        sweep(root)
        requireFree(root, bytes)
        const database = join(root, 'catalogue.sqlite')
        if (existsSync(database)) accessSync(database, constants.W_OK)
        mkdirSync(folder)
        staging.#lock = lockFolder(folder)
        return staging
      } catch (error) {
        staging.close()
        throw error
      }
    })
  }

  /** Where the constants of a module wait. */
  path(module: ModuleIndex): string {
    return join(this.#folder, `module${twoDigits(module)}`)
  }

  /** From now on the catalogue stays, whether or not it is new. */
  keepCatalogue(): void {
    this.#made = []
  }

  close(): void {
    this.#lock?.release()
    rmSync(this.#folder, { recursive: true, force: true })
    removeEmptyFolders(this.#made)
  }
}

const PREFIX = '.dark-'

/** Removes what processes left that were killed. */
function sweep(root: string): void {
  for (const name of readdirSync(root)) {
    const folder = join(root, name)
    if (!(name.startsWith(PREFIX) && existsSync(join(folder, LOCK_NAME)))) continue
    try {
      lockFolder(folder)
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Somebody is at work in it.
    }
  }
}
