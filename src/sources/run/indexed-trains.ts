import { indexPath, instrumentPath } from '../../exdf/euxfel-layout.js'
import type { ExdfFile } from '../../exdf/file.js'
import { FRAME_LIMIT, type GroupIndex, rowsAt, type TrainIndex } from '../../exdf/index-rows.js'
import { type Hdf5Dataset, rowsOf } from '../../hdf5/index.js'
import type { TrainId } from '../../model/ids.js'
import { type FrameOwners, frameOwners, oddText, unclaimed } from './frame-owners.js'
import type { IdFinding } from './id-findings.js'
import type { Rows, TrainEntry } from './run.js'

export const INCOMPLETE = 'The file is truncated or still being copied: wait or copy it again'

/** Datasets of a group that have a row a frame or train. */
export function rowDatasets(
  exdf: ExdfFile,
  source: string,
  group: string,
): { readonly name: string; readonly dataset: Hdf5Dataset }[] {
  return (exdf.file.names(instrumentPath(source, group)) ?? []).flatMap(name => {
    const dataset = exdf.file.dataset(instrumentPath(source, `${group}/${name}`))
    return dataset && dataset.shape.length > 0 ? [{ name, dataset }] : []
  })
}

/** What INDEX says of a module's trains. */
export interface IndexedTrains {
  /** In file order, each id once: those whose image rows can be. */
  readonly trains: readonly TrainEntry[]
  /** Ids that INDEX names. */
  readonly ids: ReadonlySet<number>
  /** Later rows of an id that was met before, in file order. */
  readonly repeats: readonly TrainEntry[]
  /** Trains beyond the image group's index. */
  readonly unindexed: readonly TrainId[]
  /** Trains whose image rows cannot be, and why. */
  readonly leftOut: ReadonlyMap<TrainId, string>
  /** Image rows that some row of INDEX speaks of, used or not. */
  readonly accounted: readonly Rows[]
  /** Other groups that give a train rows that cannot be: it has none of them. */
  readonly findings: readonly IdFinding[]
}

/** Joins trains with their rows in each group; what cannot be costs the train, or its rows of that group. */
export function readTrains(
  exdf: ExdfFile,
  source: string,
  index: TrainIndex,
  groups: ReadonlyMap<string, GroupIndex>,
): IndexedTrains {
  const ids = new Set<number>(index.rows.map(({ trainId }) => trainId))
  const readers = [...groups].map(([group, rows]) => rowsReader(exdf, source, group, rows, ids))
  const trains: TrainEntry[] = []
  const seen = new Set<TrainId>()
  const repeats: TrainEntry[] = []
  const unindexed: TrainId[] = []
  const leftOut = new Map<TrainId, string>()
  const accounted: Rows[] = []
  const lost = new Map<string, { readonly trains: TrainId[]; readonly why: string }>()
  for (const { row, ...train } of index.rows) {
    const again = seen.has(train.trainId)
    seen.add(train.trainId)
    let image: Rows | undefined
    const others: Record<string, Rows> = {}
    for (const { group, length, read } of readers) {
      const rows = read(row, train.trainId)
      if (group === 'image') {
        if (typeof rows !== 'string') {
          accounted.push(rows)
          image = rows
        } else if (!again) leftOut.set(train.trainId, rows)
        if (row >= length && !again) unindexed.push(train.trainId)
      } else if (typeof rows !== 'string') others[group] = rows
      else if (!again) {
        const list = lost.get(group) ?? { trains: [], why: rows }
        lost.set(group, list)
        list.trains.push(train.trainId)
        others[group] = NONE
      }
    }
    if (image) (again ? repeats : trains).push({ ...train, index: row, image, groups: others })
  }
  // Their rows are named by the id that they lack.
  for (const row of [...index.zeros, ...index.impossible.map(({ row }) => row)]) {
    for (const { group, read } of readers) {
      const rows = read(row)
      if (group === 'image' && typeof rows !== 'string') accounted.push(rows)
    }
  }
  const unread = readers.flatMap(({ group, owners, accounted }): IdFinding[] => {
    const odd = unclaimed(owners, accounted, new Set(lost.get(group)?.trains))
    const found = oddText(odd)
      .replace(/ frame/, ' row')
      .replaceAll('(frame', '(row')
    const message = `${found} of ${group} belong to no train by INDEX: left out`
    return odd.count === 0
      ? []
      : [{ check: 'index_instrument', severity: 'error', message, dataset: indexPath(source, group) }]
  })
  const findings = [...lost].map(([group, { trains, why }]): IdFinding => {
    const [train] = trains
    const message = `${trains.length} trains go without their rows of ${group}: ${why}`
    return {
      check: 'index_instrument',
      severity: 'error',
      message: trains.length === 1 ? `this train goes without its rows of ${group}: ${why}` : message,
      dataset: indexPath(source, group),
      ...(train !== undefined && { train }),
    }
  })
  return { trains, ids, repeats, unindexed, leftOut, accounted, findings: [...findings, ...unread] }
}

const NONE: Rows = { first: 0, count: 0 }

/** Reads a train's rows in a group; a text says why they cannot be. */
function rowsReader(
  exdf: ExdfFile,
  source: string,
  group: string,
  index: GroupIndex,
  trains: ReadonlySet<number>,
) {
  const sets = rowDatasets(exdf, source, group)
  const shortest = sets.reduce<(typeof sets)[number] | undefined>(
    (least, set) => (least && rowsOf(least.dataset) <= rowsOf(set.dataset) ? least : set),
    undefined,
  )
  const limit = shortest ? Math.min(rowsOf(shortest.dataset), FRAME_LIMIT) : 0
  // Frames bear witness together, see `misplacedTrains`; of other groups each row by itself.
  const owners: FrameOwners | undefined =
    group === 'image' ? undefined : frameOwners(sets.find(({ name }) => name === 'trainId')?.dataset, trains)
  const accounted: Rows[] = []
  const read = (row: number, trainId?: TrainId): Rows | string => {
    const rows = rowsAt(index, row)
    if (!rows) return `INDEX has ${index.digits(row)}, which are not valid rows`
    const end = rows.first + rows.count
    if (rows.count === 0) return rows
    if (end <= limit) {
      accounted.push(rows)
      const own = owners?.ids.numbers.subarray(rows.first, end)
      const other = own?.find(id => trainId !== undefined && id !== trainId && trains.has(id))
      return other === undefined ? rows : `INDEX gives it those of train ${other}`
    }
    if (end > FRAME_LIMIT) return `INDEX refers to row ${end}, more than ${FRAME_LIMIT}: the file is damaged`
    if (!shortest) return `INDEX refers to row ${end}, but ${group} has no data`
    return `INDEX refers to row ${end} of ${limit} in ${group}/${shortest.name}. ${INCOMPLETE}`
  }
  return { group, length: index.length, read, owners, accounted }
}
