import { closeSync } from 'node:fs'
import type { ModuleFile } from '../../sources/run/run.js'
import type { BlockInput } from '../contract/block-input.js'
import { inputOf, type StoredFrames, storedFrames } from '../contract/stored-frames.js'
import { openThere, refuseChanged } from '../worker/block-reader.js'
import type { FileRows, ModuleFrames } from './frames.js'
import type { FileFrames } from './tasks.js'

/** The files of one module, of all stages, opened once for all workers. */
export class OpenFiles {
  readonly #files = new Map<string, { input: BlockInput; stored: StoredFrames }>()

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

  /** Where frames are, as a task receives it. */
  sources(rows: readonly FileRows[]): FileFrames[] {
    return rows.map(({ file, rows }) => {
      const found = this.#files.get(file.path)
      if (found === undefined) throw new RangeError(`${file.path} is not open`)
      return { rows, input: inputOf(found.input, found.stored, rows) }
    })
  }

  /** The frames of a stage that were written: a frame that was not recorded is not a sample. */
  written(stage: ModuleFrames): ModuleFrames {
    const cells = new Map<number, readonly FileRows[]>()
    let frames = 0
    for (const [cell, parts] of stage.cells) {
      const left = parts.map(part => this.#writtenOf(part)).filter(({ rows }) => rows.length > 0)
      if (left.length > 0) cells.set(cell, left)
      for (const { rows } of left) frames += rows.length
    }
    return frames === stage.frames ? stage : { ...stage, cells, frames }
  }

  #writtenOf({ file, rows }: FileRows): FileRows {
    const notWritten = this.#files.get(file.path)?.stored.notWritten
    return { file, rows: notWritten ? rows.filter(row => !notWritten[row]) : rows }
  }

  close(): void {
    for (const { input } of this.#files.values()) closeSync(input.fd)
    this.#files.clear()
  }

  #open({ path, size, mtimeMs, source }: ModuleFile): void {
    // In parallel gain all stages are in the same files.
    if (this.#files.has(path)) return
    const fd = openThere(path)
    const input = { path, dataset: `INSTRUMENT/${source}/image/data`, fd, size, mtimeMs }
    this.#files.set(path, { input, stored: {} })
    refuseChanged(input)
    this.#files.set(path, { input, stored: storedFrames(input) })
  }
}
