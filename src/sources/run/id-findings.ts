import type { Detector } from '../../detectors/detector.js'
import { INDEX, indexPath } from '../../exdf/euxfel-layout.js'
import { type GroupIndex, rowsAt, type TrainIndex } from '../../exdf/index-rows.js'
import { digitsOf, type ExactNumbers } from '../../hdf5/index.js'
import { DataError } from '../../model/errors.js'
import { PULSE_LIMIT, type TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { type FrameOwners, OddList, type OddRows, oddText, strangers, unclaimed } from './frame-owners.js'
import type { Rows, TrainEntry } from './run.js'
import { shortList } from './short-list.js'

/** What is wrong with a file of which the rest is used: a problem that does not know its file yet. */
export type IdFinding = Omit<Problem, 'place'> & Pick<Problem['place'], 'dataset' | 'train'>

/** Rows of INDEX without a train: impossible ids, and zeros that are no padding as they have frames or trains behind. */
export function idFindings({ rows, zeros, impossible }: TrainIndex, image: GroupIndex): IdFinding[] {
  const last = rows.at(-1)?.row ?? -1
  const lost = zeros.filter(row => row < last || rowsAt(image, row)?.count !== 0)
  const bad = [...impossible, ...lost.map(row => ({ row, digits: '0' }))].sort((a, b) => a.row - b.row)
  if (bad.length === 0) return []
  const named = shortList(
    bad.map(({ row, digits }) => `row ${row} has ${digits}`),
    5,
  )
  const what = bad.length === 1 ? 'its train is' : `these ${bad.length} trains are`
  return [
    {
      check: 'train_ids_possible',
      severity: 'error',
      message: `${named}, which is not a train id: ${what} left out`,
      dataset: INDEX.trainId,
    },
  ]
}

/** Trains that INDEX does not give frames that can be: one finding a reason. */
export function leftOutFindings(leftOut: ReadonlyMap<TrainId, string>, source: string): IdFinding[] {
  return [...leftOut].map(([train, why]) => ({
    check: 'index_instrument',
    severity: 'error',
    message: `this train is left out: ${why}`,
    dataset: indexPath(source, 'image'),
    train,
  }))
}

/** Trains that INDEX names twice and of which the first row's frames are another train's. */
export function mistakenFindings(trains: readonly TrainId[], source: string): IdFinding[] {
  return trains.map(train => ({
    check: 'train_ids_unique',
    severity: 'error',
    message:
      'INDEX has this train twice, and by image/trainId the frames of its first row are not its own: they are left out',
    dataset: indexPath(source, 'image'),
    train,
  }))
}

/** The error of a file of which nothing is left. */
export function nothingLeft({ message, dataset, train }: IdFinding): DataError {
  const named = train === undefined ? '' : `train ${train}: `
  return new DataError(`no train can be used: ${named}${message}`, {
    place: dataset === undefined ? {} : { dataset },
  })
}

/** Frames whose own train id is another than INDEX says, and written frames that no train has. */
export function ownerFindings(
  root: string,
  trains: readonly TrainEntry[],
  owners: FrameOwners | undefined,
  withIds: (rows: Rows) => number,
  accounted: readonly Rows[],
  leftOut: ReadonlySet<TrainId>,
): IdFinding[] {
  const dataset = `${root}/image/trainId`
  return [
    ...finding(
      'image_ids',
      dataset,
      strangers(trains, owners, withIds),
      found => `${found} with another train id than INDEX gives them, which is kept`,
    ),
    ...finding(
      'index_instrument',
      dataset,
      unclaimed(owners, accounted, leftOut),
      found => `${found} belong to no train by INDEX: left out`,
    ),
  ]
}

/** Pulse ids that cannot be: the frames are corrected, which pulse ids have no part in, and keep what is stored. */
export function pulseFindings(
  root: string,
  trains: readonly TrainEntry[],
  pulseIds: ExactNumbers,
): IdFinding[] {
  const odd = oddRows(trains, pulseIds, PULSE_LIMIT)
  const say = (found: string) =>
    `${found} with an impossible pulse id: corrected, and the id is written as it is where 64 bits without sign hold it`
  return finding('image_ids', `${root}/image/pulseId`, odd, say)
}

/** Cell ids that cannot be: there are no constants for such frames. */
export function cellFindings(
  root: string,
  trains: readonly TrainEntry[],
  cellIds: ExactNumbers,
  { name, maxCells }: Detector,
): IdFinding[] {
  const say = (found: string) =>
    `${found} with an impossible cell id, ${name} has ${maxCells}: not corrected, NaN with mask bit 3 in their places`
  return finding('image_ids', `${root}/image/cellId`, oddRows(trains, cellIds, maxCells), say)
}

function finding(check: string, dataset: string, odd: OddRows, say: (found: string) => string): IdFinding[] {
  return odd.count === 0 ? [] : [{ check, severity: 'error', message: say(oddText(odd)), dataset }]
}

/** Rows of trains whose number is not whole, negative, or `limit` and above. */
function oddRows(trains: readonly TrainEntry[], column: ExactNumbers, limit: number): OddList {
  const odd = new OddList()
  const { numbers } = column
  for (const { image } of trains)
    for (let row = image.first; row < image.first + image.count; row++) {
      const value = numbers[row] ?? 0
      if (!(value >= 0 && value < limit && Math.trunc(value) === value))
        odd.add(row, () => digitsOf(column, row))
    }
  return odd
}
