import { accessSync, constants, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { writing } from '../../files/errors.js'
import { makeFolders, removeEmptyFolders } from '../../files/folders.js'
import { requireFree } from '../../files/free-space.js'
import { sweepLeftovers } from '../../files/leftovers.js'
import { partOf } from '../../files/parts.js'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'

/**
 * A folder in the catalogue that nobody reads: constants wait there until all of them enter. What is in it is
 * removed, come what may; a catalogue that did not exist before and gets nothing is removed too.
 */
export class Staging {
  readonly #folder: string
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
      const folder = partOf(join(root, '.dark'))
      const staging = new Staging(folder, makeFolders(root))
      try {
        sweepLeftovers(root)
        requireFree(root, bytes)
        const database = join(root, 'catalogue.sqlite')
        if (existsSync(database)) accessSync(database, constants.W_OK)
        mkdirSync(folder)
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
    rmSync(this.#folder, { recursive: true, force: true })
    removeEmptyFolders(this.#made)
  }
}
