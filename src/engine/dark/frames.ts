import type { ModuleIndex } from '../../model/ids.js'
import type { JoinedRun } from '../../sources/run/join.js'
import { positionsList } from '../../sources/run/query.js'
import type { ModuleFile } from '../../sources/run/run.js'

/** Rows of image/data of one cell in one file. */
export interface FileRows {
  readonly file: ModuleFile
  readonly rows: Float64Array
}

/** A module's frames in one run, sorted by memory cell. */
export interface ModuleFrames {
  readonly files: readonly ModuleFile[]
  readonly cells: ReadonlyMap<number, readonly FileRows[]>
  /** Trains that have frames. */
  readonly trains: number
  readonly frames: number
  /** Of the cell that has most. */
  readonly mostFrames: number
}

/**
 * The frames of a run's modules by cell, in order of trains.
 * @param part in parallel gain: which of the equal parts of a train, each of one stage; the first has ids for all.
 */
export function framesByCell(joined: JoinedRun, part = 0): Map<ModuleIndex, ModuleFrames> {
  const modules = new Map<ModuleIndex, ModuleFrames>()
  for (const [module, files] of joined.modules) {
    const cells = new Map<number, FileRows[]>()
    const counts = new Map<number, number>()
    let trains = 0
    for (const { file, trains: joinedTrains } of files) {
      const ofFile = new Map<number, number[]>()
      for (const { entry, rows } of joinedTrains) {
        if (rows.count > 0) trains++
        const shift = part * (entry?.image.count ?? 0)
        for (const row of positionsList(rows)) {
          const cell = file.cellIds[row] ?? 0
          if (cell >= joined.run.detector.maxCells) continue
          const list = ofFile.get(cell)
          if (list) list.push(row + shift)
          else ofFile.set(cell, [row + shift])
        }
      }
      for (const [cell, rows] of ofFile) {
        cells.set(cell, [...(cells.get(cell) ?? []), { file, rows: Float64Array.from(rows) }])
        counts.set(cell, (counts.get(cell) ?? 0) + rows.length)
      }
    }
    const all = [...counts.values()]
    modules.set(module, {
      files: files.map(({ file }) => file),
      cells,
      trains,
      frames: all.reduce((sum, count) => sum + count, 0),
      mostFrames: all.reduce((most, count) => Math.max(most, count), 0),
    })
  }
  return modules
}

/** Frames of one cell, over all files. */
export function countOf(files: readonly FileRows[]): number {
  return files.reduce((sum, { rows }) => sum + rows.length, 0)
}
