import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type ModuleIndex, twoDigits } from '../../model/ids.js'
import { asOutputError, requireFree } from '../../sinks/output-folder.js'

/**
 * A folder in the catalogue that nobody reads: constants wait there until all of them enter. What is in it is
 * removed, come what may; a catalogue that did not exist before and gets nothing is removed too.
 */
export class Staging {
  readonly #root: string
  readonly #folder: string
  /** The outermost folder that had to be made. */
  #made: string | undefined

  private constructor(root: string, folder: string, made: string | undefined) {
    this.#root = root
    this.#folder = folder
    this.#made = made
  }

  /** @throws OutputError if the catalogue cannot be written or has less than `bytes` free. */
  static open(catalogue: string, bytes: number): Staging {
    const root = resolve(catalogue)
    const folder = join(root, `.dark-${process.pid}`)
    let made: string | undefined
    try {
      made = mkdirSync(root, { recursive: true })
      const staging = new Staging(root, folder, made)
      try {
        requireFree(root, bytes)
        // Of a dead process of the same number.
        rmSync(folder, { recursive: true, force: true })
        mkdirSync(folder)
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
    this.#made = undefined
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
    if (this.#made === undefined) return
    try {
      for (let folder = this.#root; folder.length >= this.#made.length; folder = dirname(folder))
        rmdirSync(folder)
    } catch {
      // Somebody else put something there meanwhile.
    }
  }
}
