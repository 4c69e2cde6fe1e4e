import { NO_CELL } from '../../model/ids.js'
import type { JoinedFile } from '../../sources/run/join.js'
import { positionsList } from '../../sources/run/query.js'
import type { FrameRef } from './blocks.js'

/** Where the frames of a file go; shared by all files of a module. */
export interface FramePlaces {
  readonly module: number
  readonly moduleCount: number
  /** Cell ids in lane order; {@link NO_CELL} stands for all that the detector does not have. */
  readonly cells: readonly number[]
  /** Frame number in the combined file of each train's first frame; absent without a combined file. */
  readonly combinedFirst: ReadonlyMap<number, number> | undefined
}

/**
 * The frames of each train of one file, in the order of its CORR file. Made as they are needed: a run has millions.
 */
export function* framesOf({ file, trains }: JoinedFile, places: FramePlaces): Generator<FrameRef[]> {
  const { module, moduleCount, combinedFirst } = places
  const resident = new Map(places.cells.map((cell, position) => [cell, position]))
  const noCell = resident.get(NO_CELL) ?? 0
  let corrected = 0
  for (const { trainId, entry, rows } of trains) {
    const first = combinedFirst?.get(trainId)
    yield positionsList(rows).map((row, position) => ({
      row,
      stride: entry?.image.count ?? 0,
      cell: resident.get(file.cellIds[row] ?? 0) ?? noCell,
      corrected: corrected++,
      combined: first === undefined ? -1 : (first + position) * moduleCount + module,
    }))
  }
}
