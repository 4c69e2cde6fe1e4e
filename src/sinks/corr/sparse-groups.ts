import type { Detector } from '../../detectors/detector.js'
import type { ExdfDataset, ExdfGroup } from '../../exdf/description.js'
import { arrayOf, type DType } from '../../model/dtypes.js'
import type { JoinedFile } from '../../sources/run/join.js'
import { idColumns } from './frame-columns.js'

/** A list of one element for each pixel that is not zero, or each that departs, of all frames one after the other. */
export interface SparseColumn {
  /** `group/name` below the source. */
  readonly name: string
  readonly dtype: DType
}

/** Masks, gain and ids of the cells whose frames are in the file: outside of INSTRUMENT, since they belong to no train. */
export const CELLS = { mask: 'CELLS/mask', gain: 'CELLS/gain', cellId: 'CELLS/cellId' } as const

/**
 * The index groups of sparse output: `sparse`, how many pixels of each frame are not zero, how many depart from their cell's
 * mask and gain, and which of the cells it is; and the lists, whose rows and counts follow when the frames are there.
 */
export function sparseGroups(
  joined: JoinedFile,
  { columns, cells }: Pick<SparseDescription, 'columns' | 'cells'>,
): Record<string, ExdfGroup> {
  const { trains, frames } = joined
  const counts = trains.map(({ rows }) => rows.count)
  const shape = [frames]
  const list = (group: string): ExdfGroup => ({
    counts: trains.map(() => 0),
    datasets: columns.flatMap(({ name, dtype }) => {
      const [of, own = ''] = name.split('/')
      return of === group ? [{ name: own, dtype, shape: [0], data: arrayOf(dtype, 0) }] : []
    }),
    late: true,
  })
  return {
    sparse: {
      counts,
      datasets: [
        ...idColumns(joined),
        { name: 'cell', dtype: 'u2', shape, data: cells },
        { name: 'pixels', dtype: 'u4', shape, data: new Uint32Array(frames) },
        { name: 'departures', dtype: 'u4', shape, data: new Uint32Array(frames) },
      ],
    },
    ...Object.fromEntries(['pixel', 'departure'].map(group => [group, list(group)])),
  }
}

/** The sparse lists of a CORR file, and the cells that they depart from. */
export interface SparseDescription {
  readonly columns: readonly SparseColumn[]
  /** Ids of the cells whose frames are in the file. */
  readonly cellIds: readonly number[]
  /** Which of them each frame has. */
  readonly cells: Uint16Array
  /** Gain of pixels that do not depart. */
  readonly gain: number
  /** Whether data, gain and mask are there besides. */
  readonly dense: boolean
}

/** The datasets of a file's cells; chunks of the masks follow. */
export function cellDatasets(
  { cellIds, gain }: SparseDescription,
  { slowScan, fastScan }: Pick<Detector, 'slowScan' | 'fastScan'>,
): Record<string, Omit<ExdfDataset, 'name'>> {
  const shape = [cellIds.length]
  return {
    [CELLS.cellId]: { dtype: 'u2', shape, data: Uint16Array.from(cellIds) },
    [CELLS.gain]: { dtype: 'u1', shape, data: new Uint8Array(cellIds.length).fill(gain) },
    [CELLS.mask]: {
      dtype: 'u4',
      shape: [...shape, slowScan, fastScan],
      chunk: [1, slowScan, fastScan],
      deflate: 1,
    },
  }
}
