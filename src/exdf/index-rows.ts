import { digitsOf, type ExactNumbers, integerAt, readExact, requireDataset, rowsOf } from '../hdf5/index.js'
import { DataError } from '../model/errors.js'
import { isTrainId, type TrainId } from '../model/ids.js'
import { INDEX, indexPath } from './euxfel-layout.js'
import type { ExdfFile } from './file.js'

/** Trains a file may have: 4 million are five days of beam. A larger index is damage, not data. */
export const TRAIN_LIMIT = 1 << 22
/** Frames a file may have: 4 TiB of raw AGIPD data, of which the ids alone would not fit in memory beyond. */
export const FRAME_LIMIT = 1 << 24

/** One valid row of INDEX in file order. `row` is its place in every INDEX dataset. */
export interface IndexRow {
  readonly row: number
  readonly trainId: TrainId
  /** 1 where the train id came from the time server, whatever the format version stores; 0 where it is no flag. */
  readonly flag: number
  /** ns since 1970 UTC, 0n if unknown. */
  readonly timestamp: bigint
  readonly origin: number
}

export interface TrainIndex {
  /** Rows of INDEX/trainId, padding included. */
  readonly length: number
  /** Rows with a train id, in file order: padding, zeros in the middle and impossible ids are left out, never shifted. */
  readonly rows: readonly IndexRow[]
  /** Rows whose id is 0: padding, or damage. */
  readonly zeros: readonly number[]
  /** Rows whose id is no train's: beyond 2^53, negative, a fraction or NaN. */
  readonly impossible: readonly { readonly row: number; readonly digits: string }[]
  /** What the file lacks or has in excess beside ids, for the reader's report. */
  readonly remarks: readonly string[]
  /** Flags, times and origins that cannot be, by dataset: they count as unknown. */
  readonly meaningless: readonly { readonly dataset: string; readonly message: string }[]
}

/**
 * INDEX of one file. A row whose train id is 0 or impossible is no train: it is dropped by row, so that flag, timestamp
 * and every `first`/`count` keep belonging to their own train.
 * @throws DataError if INDEX/trainId is missing or absurdly long.
 */
export function readTrainIndex({ file, formatVersion }: ExdfFile): TrainIndex {
  const idSet = requireDataset(file, INDEX.trainId)
  const length = rowsOf(idSet)
  if (length > TRAIN_LIMIT)
    throw new DataError(`has ${length} trains, more than ${TRAIN_LIMIT}: the file is damaged`, {
      place: { dataset: INDEX.trainId },
    })
  const remarks: string[] = []
  const optional = (path: string): ExactNumbers | undefined => {
    const dataset = file.dataset(path)
    if (dataset && rowsOf(dataset) >= length) return readExact(dataset, length)
    if (dataset) remarks.push(`${path} has ${rowsOf(dataset)} rows for ${length} trains and is not used`)
    else if (path === INDEX.flag && formatVersion !== '0.5' && length > 0) remarks.push(`${path} is missing`)
    return undefined
  }
  const ids = readExact(idSet, length)
  const flags = optional(INDEX.flag)
  const times = optional(INDEX.timestamp)
  const origins = optional(INDEX.origin)

  const rows: IndexRow[] = []
  const zeros: number[] = []
  const impossible: { row: number; digits: string }[] = []
  const odd = new Map<string, string[]>()
  for (let row = 0; row < length; row++) {
    const trainId = ids.numbers[row]
    if (trainId === 0) zeros.push(row)
    else if (!isTrainId(trainId)) impossible.push({ row, digits: digitsOf(ids, row) })
    else {
      // What does not fit the type that the format has for it is unknown.
      const integerOf = (column: ExactNumbers | undefined, name: string, from: bigint, to: bigint) => {
        const value = column && integerAt(column, row)
        if (column === undefined || (value !== undefined && value >= from && value <= to)) return value
        const list = odd.get(name) ?? []
        odd.set(name, list)
        list.push(`${digitsOf(column, row)} (train ${trainId})`)
        return undefined
      }
      const flag = integerOf(flags, INDEX.flag, ...(formatVersion === '1.1' ? I32 : FLAG))
      rows.push({
        row,
        trainId,
        flag: flags === undefined ? 1 : flagOf(flag, formatVersion),
        timestamp: integerOf(times, INDEX.timestamp, 0n, MAX_U64) ?? 0n,
        origin: Number(integerOf(origins, INDEX.origin, ...I32) ?? -1),
      })
    }
  }
  const meaningless = [...odd].map(([dataset, values]) => ({
    dataset,
    message: `numbers that mean nothing: ${some(values)}: they count as unknown`,
  }))
  return { length, rows, zeros, impossible, remarks, meaningless }
}

const FLAG = [0n, 1n] as const
const I32 = [-(2n ** 31n), 2n ** 31n - 1n] as const
const MAX_U64 = 2n ** 64n - 1n

/** Only format 1.1 stores the index of the source that gave the id: 0 is the time server. */
function flagOf(stored: bigint | undefined, formatVersion: string): number {
  if (stored === undefined) return 0
  return formatVersion === '1.1' ? Number(stored === 0n) : Number(stored)
}

function some(texts: readonly string[]): string {
  const more = texts.length - SHOWN
  return `${texts.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const SHOWN = 5

/** `first` and `count` of a source by INDEX row; undefined if the file has no index for it. */
export interface GroupIndex {
  /** Rows that are stored; a train beyond them has none. */
  readonly length: number
  readonly first: Float64Array
  /** Not a whole number where the file does not tell how many. */
  readonly count: Float64Array
  /** What the file has of a row, all digits: `first 0, count 18446744073709551615`. */
  digits(row: number): string
}

/**
 * Index of one group, in either form: `first`, `count`, or the old `first`, `last`, `status`.
 * @throws DataError if it is there but not readable, or absurdly long.
 */
export function readGroupIndex(
  { file }: ExdfFile,
  source: string,
  group: string | undefined,
): GroupIndex | undefined {
  const path = indexPath(source, group)
  const firstSet = file.dataset(`${path}/first`)
  const countSet = file.dataset(`${path}/count`)
  const lastSet = file.dataset(`${path}/last`)
  if (!firstSet || (!countSet && !lastSet)) return undefined
  const length = rowsOf(firstSet)
  if (length > TRAIN_LIMIT)
    throw new DataError(`has ${length} rows, more than ${TRAIN_LIMIT}: the file is damaged`, {
      place: { dataset: `${path}/first` },
    })
  const first = readExact(firstSet, length)
  if (countSet) {
    const count = readExact(countSet, length)
    const digits = (row: number) => `first ${digitsOf(first, row)}, count ${digitsOf(count, row)}`
    return { length, first: first.numbers, count: count.numbers, digits }
  }
  const last = readExact(requireDataset(file, `${path}/last`), length)
  const status = readExact(requireDataset(file, `${path}/status`), length)
  const count = last.numbers.map((end, row) => {
    const times = status.numbers[row] ?? 0
    if (times !== 0 && times !== 1) return Number.NaN
    return times === 0 ? 0 : end - (first.numbers[row] ?? 0) + 1
  })
  const digits = (row: number) =>
    `first ${digitsOf(first, row)}, last ${digitsOf(last, row)}, status ${digitsOf(status, row)}`
  return { length, first: first.numbers, count, digits }
}

/** `count` rows from `first`, both exact and not negative; undefined if the numbers are no rows. */
export function rowsAt(
  { first, count }: GroupIndex,
  row: number,
): { first: number; count: number } | undefined {
  const start = first[row] ?? 0
  const rows = count[row] ?? 0
  const isRow = Number.isSafeInteger(start) && start >= 0
  // A train without rows may carry anything in `first`.
  if (rows === 0) return { first: isRow ? start : 0, count: 0 }
  if (!isRow || !Number.isSafeInteger(rows) || rows < 0 || !Number.isSafeInteger(start + rows))
    return undefined
  return { first: start, count: rows }
}
