import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { makeFolders, removeEmptyFolders } from '../../model/folders.js'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'
import { asOutputError, requireFree } from '../../sinks/output-folder.js'

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
    try {
      const staging = new Staging(join(root, `.dark-${process.pid}`), makeFolders(root))
      try {
        requireFree(root, bytes)
        // Of a dead process of the same number.
        rmSync(staging.#folder, { recursive: true, force: true })
        mkdirSync(staging.#folder)
      } catch (error) {
        staging.close()
        throw error
      }
      return staging
    } catch (error) {
      throw asOutputError(error, root)
    }
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
