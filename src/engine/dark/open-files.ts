import { closeSync, openSync } from 'node:fs'
import type { ModuleFile } from '../../sources/run.js'
import type { BlockInput } from '../contract/block-input.js'
import { addressesOf } from '../run/raw-source.js'
import { refuseChanged } from '../worker/block-reader.js'
import type { FileRows, ModuleFrames } from './frames.js'
import type { FrameSource } from './tasks.js'

/** The files of one module, of all stages, opened once for all workers. */
export class OpenFiles {
  readonly #files = new Map<string, { input: BlockInput; addresses: Float64Array | undefined }>()

  /** @throws DataError if a file is not the one that was planned or is damaged. */
  static open(stages: readonly ModuleFrames[]): OpenFiles {
    const files = new OpenFiles()
    try {
      for (const { files: list } of stages) for (const file of list) files.#open(file)
      return files
    } catch (error) {
      files.close()
      throw error
    }
  }

  /** Where frames lie: what a task is told. */
  sources(rows: readonly FileRows[]): FrameSource[] {
    return rows.map(({ file, rows }) => {
      const found = this.#files.get(file.path)
      if (found === undefined) throw new RangeError(`${file.path} is not open`)
      const { input, addresses } = found
      return {
        rows,
        input: addresses ? { ...input, addresses: rows.map(row => addresses[row] ?? -1) } : input,
      }
    })
  }

  close(): void {
    for (const { input } of this.#files.values()) closeSync(input.fd)
    this.#files.clear()
  }

  #open({ path, size, mtimeMs, source }: ModuleFile): void {
    // In parallel gain all stages are in the same files.
    if (this.#files.has(path)) return
    const fd = openSync(path, 'r')
    const input = { path, dataset: `INSTRUMENT/${source}/image/data`, fd, size, mtimeMs }
    this.#files.set(path, { input, addresses: undefined })
    refuseChanged(input)
    this.#files.set(path, { input, addresses: addressesOf(input) })
  }
}
