import { DataError } from '../model/errors.js'
import { type TrainId, trainId } from '../model/ids.js'
import { INDEX, indexPath } from './euxfel-layout.js'
import type { ExdfFile } from './exdf-file.js'
import { datasetAt, readBigInts, readNumbers, requireDataset, rowsOf } from './values.js'

/** Trains a file may have: 4 million are five days of beam. A larger index is damage, not data. */
export const TRAIN_LIMIT = 1 << 22
/** Frames a file may have: 4 TiB of raw AGIPD data, of which the ids alone would not fit in memory beyond. */
export const FRAME_LIMIT = 1 << 24

/** One valid row of INDEX in file order. `row` is its place in every INDEX dataset. */
export interface IndexRow {
  readonly row: number
  readonly trainId: TrainId
  /** 1 where the train id came from the time server, whatever the format version stores. */
  readonly flag: number
  /** ns since 1970 UTC, 0n if unknown. */
  readonly timestamp: bigint
  readonly origin: number
}

export interface TrainIndex {
  /** Rows of INDEX/trainId, padding included. */
  readonly length: number
  /** Rows with a train id, in file order: padding and zeros in the middle are left out, never shifted. */
  readonly rows: readonly IndexRow[]
  /** What the file lacks or has in excess, for the reader's report. */
  readonly remarks: readonly string[]
}

/**
 * INDEX of one file. A row whose train id is 0 is no train: it is dropped by row, so that flag, timestamp and
 * every `first`/`count` keep belonging to their own train.
 * @throws DataError if INDEX/trainId is missing, absurdly long or has ids that no number can hold.
 */
export function readTrainIndex({ file, formatVersion }: ExdfFile): TrainIndex {
  const ids = requireDataset(file, INDEX.trainId)
  const length = rowsOf(ids)
  if (length > TRAIN_LIMIT)
    throw new DataError(`has ${length} trains, more than ${TRAIN_LIMIT}: the file is damaged`, {
      place: { dataset: INDEX.trainId },
    })
  const remarks: string[] = []
  const optional = (path: string) => {
    const dataset = datasetAt(file, path)
    if (dataset && rowsOf(dataset) >= length) return dataset
    if (dataset) remarks.push(`${path} has ${rowsOf(dataset)} rows for ${length} trains and is not used`)
    return undefined
  }
  const trainIds = readNumbers(ids, length)
  const flagSet = optional(INDEX.flag)
  if (!flagSet && formatVersion !== '0.5' && length > 0) remarks.push(`${INDEX.flag} is missing`)
  const flags = flagSet && readNumbers(flagSet, length)
  const timeSet = optional(INDEX.timestamp)
  const times = timeSet && readBigInts(timeSet, length)
  const originSet = optional(INDEX.origin)
  const origins = originSet && readNumbers(originSet, length)

  const rows: IndexRow[] = []
  for (let row = 0; row < length; row++) {
    if (trainIds[row] === 0) continue
    const stored = flags?.[row]
    // Only format 1.1 stores the index of the source that gave the id: 0 is the time server.
    const flag = stored === undefined ? 1 : formatVersion === '1.1' ? Number(stored === 0) : stored
    rows.push({
      row,
      trainId: validId(trainIds[row]),
      flag,
      timestamp: times?.[row] ?? 0n,
      origin: origins?.[row] ?? -1,
    })
  }
  return { length, rows, remarks }
}

function validId(value: number | undefined): TrainId {
  try {
    return trainId(value ?? 0)
  } catch (error) {
    throw new DataError((error as Error).message, { place: { dataset: INDEX.trainId }, cause: error })
  }
}

/** `first` and `count` of a source by INDEX row; undefined if the file has no index for it. */
export interface GroupIndex {
  /** Rows that are stored; a train beyond them has none. */
  readonly length: number
  readonly first: Float64Array
  readonly count: Float64Array
}

/**
 * Index of one group, in either form: `first`, `count`, or the old `first`, `last`, `status`.
 * @throws DataError if it is there but not readable, or absurd.
 */
export function readGroupIndex(
  { file }: ExdfFile,
  source: string,
  group: string | undefined,
): GroupIndex | undefined {
  const path = indexPath(source, group)
  const firstSet = datasetAt(file, `${path}/first`)
  const countSet = datasetAt(file, `${path}/count`)
  const lastSet = datasetAt(file, `${path}/last`)
  if (!firstSet || (!countSet && !lastSet)) return undefined
  const length = rowsOf(firstSet)
  if (length > TRAIN_LIMIT)
    throw new DataError(`has ${length} rows, more than ${TRAIN_LIMIT}: the file is damaged`, {
      place: { dataset: `${path}/first` },
    })
  const first = readNumbers(firstSet, length)
  if (countSet) return { length, first, count: readNumbers(countSet, length) }
  const last = readNumbers(requireDataset(file, `${path}/last`), length)
  const status = readNumbers(requireDataset(file, `${path}/status`), length)
  const count = last.map((end, row) => (status[row] ? end - (first[row] ?? 0) + 1 : 0))
  return { length, first, count }
}

/** `count` rows from `first`, both exact and not negative. @throws DataError naming the dataset otherwise. */
export function rowsAt(index: GroupIndex, row: number, path: string): { first: number; count: number } {
  const first = index.first[row] ?? 0
  const count = index.count[row] ?? 0
  // A train without rows may carry anything in `first`.
  if (count === 0) return { first: Number.isSafeInteger(first) && first >= 0 ? first : 0, count }
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || first < 0 || count < 0)
    throw new DataError(`row ${row} is not an index: first ${first}, count ${count}`, {
      place: { dataset: path },
      hint: 'The file is damaged: copy it again',
    })
  return { first, count }
}
