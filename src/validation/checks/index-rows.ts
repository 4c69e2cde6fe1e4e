import { indexPath } from '../../exdf/euxfel-layout.js'
import { type GroupIndex, readGroupIndex, rowsAt } from '../../exdf/index-rows.js'
import { rowsOf } from '../../hdf5/index.js'
import { shortList } from '../../sources/run/short-list.js'
import type { FileContext, Finding } from './check.js'

/** `first` and `count` of a source's group; {@link faultsOfIndex} finds faults of these. */
export function indexOf(context: FileContext, source: string, group?: string): GroupIndex | undefined {
  return readGroupIndex(context.exdf, source, group)
}

/** Largest row that the index refers to, plus one. Trains without rows count too, as in European XFEL's validator. */
export function endOf(index: GroupIndex): number {
  return index.first.reduce((end, start, row) => {
    // An impossible row is a fault of the index itself.
    const rows = rowsAt(index, row)
    return rows ? Math.max(end, rows.count === 0 ? safe(start) : start + rows.count) : end
  }, 0)
}

function safe(start: number): number {
  return Number.isSafeInteger(start) ? start : 0
}

/** What is wrong with `first` and `count` themselves: as many as trains, from 0, without gaps or overlaps. */
export function* faultsOfIndex(
  { exdf, trainIds }: FileContext,
  source: string,
  group?: string,
): Iterable<Finding> {
  const dataset = indexPath(source, group)
  const index = readGroupIndex(exdf, source, group)
  if (!index) {
    yield { message: 'there is no index', dataset }
    return
  }
  const stored = exdf.file.dataset(`${dataset}/count`) ?? exdf.file.dataset(`${dataset}/last`)
  if (stored && rowsOf(stored) !== index.length)
    yield { message: `first has ${index.length} entries, count has ${rowsOf(stored)}`, dataset }
  const trains = trainIds.filter(id => id !== 0).length
  const wrong = 'index has wrong number of entries'
  // A zero before the last train is a train's row whose id is lost: it has an entry, which EXtra-data does not expect.
  if (index.length === trainIds.findLastIndex(id => id !== 0) + 1 && index.length !== trains)
    yield {
      message: `${wrong} for readers that leave out train ids of 0: ${index.length}, and ${trains} ids`,
      dataset,
    }
  else if (index.length !== trains)
    yield { message: `${wrong}: ${index.length} for ${trains} trains`, dataset }
  yield* faultsOfOrder(index, dataset)
}

function* faultsOfOrder(index: GroupIndex, dataset: string): Iterable<Finding> {
  const { first, count, length } = index
  const impossible: string[] = []
  const isExact = (row: number) => rowsAt(index, row) !== undefined && Number.isSafeInteger(first[row])
  for (let row = 0; row < length; row++)
    if (!isExact(row)) impossible.push(`row ${row} has ${index.digits(row)}`)
  if (impossible.length > 0)
    yield { message: `numbers that are not valid rows: ${shortList(impossible)}`, dataset }
  if (length > 0 && first[0] !== 0) yield { message: "index doesn't start at 0", dataset }
  const gaps: number[] = []
  const overlaps: number[] = []
  for (let row = 0; row + 1 < length; row++) {
    // What was said to be no row is no distance either.
    if (!isExact(row) || !isExact(row + 1)) continue
    const distance = (first[row + 1] ?? 0) - (first[row] ?? 0) - (count[row] ?? 0)
    if (distance > 0) gaps.push(row)
    if (distance < 0) overlaps.push(row)
  }
  const example = (row: number, sign: string) =>
    `at ${row} (${first[row]} + ${count[row]} ${sign} ${first[row + 1]})`
  const [gap] = gaps
  if (gap !== undefined)
    yield { message: `gaps (${gaps.length}) in index, e.g. ${example(gap, '<')}`, dataset }
  const [overlap] = overlaps
  if (overlap !== undefined)
    yield { message: `overlaps (${overlaps.length}) in index, e.g. ${example(overlap, '>')}`, dataset }
}
