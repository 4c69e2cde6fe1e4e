import type { Detector } from '../../detectors/detector.js'
import { CORRECTED_ONLY, indexPath, instrumentPath, REWRITTEN } from '../../exdf/euxfel-layout.js'
import type { ExdfFile } from '../../exdf/file.js'
import { type GroupIndex, readGroupIndex, readTrainIndex } from '../../exdf/index-rows.js'
import { type Hdf5Dataset, readExact, requireDataset, rowsOf } from '../../hdf5/index.js'
import { DataError } from '../../model/errors.js'
import { cellIdsOf, type TrainId } from '../../model/ids.js'
import { choose, frameOwners, misplacedTrains } from './frame-owners.js'
import {
  cellFindings,
  type IdFinding,
  idFindings,
  leftOutFindings,
  mistakenFindings,
  nothingLeft,
  ownerFindings,
  pulseFindings,
} from './id-findings.js'
import { INCOMPLETE, readTrains, rowDatasets } from './indexed-trains.js'
import { unreadableMembers } from './lost-datasets.js'
import { meaninglessNumbers } from './meaningless-numbers.js'
import { beginAnew, riseThrough } from './parallel-gain.js'
import type { ModuleFile, Rows, TrainEntry } from './run.js'

/** One module file as read; `dropped` are rows whose train id came earlier in the same file. */
export interface ReadModuleFile {
  readonly file: Omit<ModuleFile, 'sequence' | 'facts'>
  readonly dropped: readonly TrainId[]
  /** Trains that INDEX names but has no row for: they count as having no frames. */
  readonly unindexed: readonly TrainId[]
  /** Trains whose frames are not as many of each gain stage, in parallel gain: they count as having no frames. */
  readonly unequal: readonly TrainId[]
  /**
   * Trains whose pulse ids contradict `rawFrames`: rising through the whole train in parallel gain, or without it beginning
   * anew as if it were; those count as having no frames.
   */
  readonly contrary: readonly TrainId[]
  /** Remarks that leave the data usable, for the run's problems. */
  readonly remarks: readonly string[]
  /** Trains and frames that are left out, or whose numbers cannot be. */
  readonly findings: readonly IdFinding[]
  /** Of each of `file.copied` dtype and shape of a row. */
  readonly forms: ReadonlyMap<string, string>
}

/**
 * Reads index and ids of one module's source from an open file, image data untouched.
 * @param rawFrames raw frames of a pulse: of a train's frames only the first of so many equal parts have valid ids.
 * A train whose id or index cannot be is left out and the others are read: one bad number costs one train.
 * @throws DataError naming the dataset: missing, wrong shape or dtype, no train left that has frames, data that
 * are corrected already or of the interleaved format of before 2018.
 */
export function readModuleFile(
  exdf: ExdfFile,
  source: string,
  detector: Detector,
  rawFrames = 1,
): ReadModuleFile {
  const { file, path, size, mtimeMs, formatVersion } = exdf
  const root = instrumentPath(source)
  const data = requireDataset(file, `${root}/image/data`)
  checkImageData(exdf, data, source, detector)

  const index = readTrainIndex(exdf)
  const groups = groupIndices(exdf, source)
  const image = groups.get('image')
  if (!image)
    throw new DataError('this dataset is missing', {
      place: { dataset: `${indexPath(source, 'image')}/first` },
      hint: INCOMPLETE,
    })
  const pulseSet = requireDataset(file, `${root}/image/pulseId`)
  const cellSet = requireDataset(file, `${root}/image/cellId`)
  const indexed = readTrains(exdf, source, index, groups)
  const forms = copiedDatasets(exdf, source)

  const withIds = ({ count }: Rows) => (count % rawFrames === 0 ? count / rawFrames : 0)
  const owners = frameOwners(file.dataset(`${root}/image/trainId`), indexed.ids)
  const { trains: stored, dropped, mistaken } = choose(indexed.trains, indexed.repeats, owners, withIds)
  const misplaced = misplacedTrains(stored, owners, withIds)
  const out = new Map([
    ...indexed.leftOut,
    ...misplaced.map(({ train, why }) => [train.trainId, why] as const),
  ])
  const kept = stored.filter(({ trainId }) => !out.has(trainId)).sort((a, b) => a.trainId - b.trainId)
  const missing = [...idFindings(index, image), ...leftOutFindings(out, source)]
  const [first] = missing
  if (first && !kept.some(({ image }) => image.count > 0)) throw nothingLeft(first)

  const extent = kept.reduce((most, { image }) => Math.max(most, image.first + image.count), 0)
  const pulseIds = readExact(pulseSet, extent)
  const cells = readExact(cellSet, extent)
  const isContrary = ({ image }: TrainEntry): boolean =>
    rawFrames === 1
      ? beginAnew(detector, pulseIds.numbers, image)
      : image.count % rawFrames === 0 && riseThrough(pulseIds.numbers, image)
  const contrary = new Set(kept.filter(isContrary))
  const trains = kept.map(train => {
    const image = rawFrames === 1 && contrary.has(train) ? { ...train.image, count: 0 } : train.image
    return { ...train, image: { ...image, count: withIds(image) } }
  })
  return {
    dropped,
    unindexed: indexed.unindexed,
    unequal: kept.filter(({ image }) => image.count % rawFrames !== 0).map(({ trainId }) => trainId),
    contrary: [...contrary].map(({ trainId }) => trainId),
    remarks: index.remarks,
    forms,
    findings: [
      ...missing,
      ...index.meaningless.map(
        (odd): IdFinding => ({ check: 'index_instrument', severity: 'error', ...odd }),
      ),
      ...groupFindings(source, groups, forms),
      ...mistakenFindings(mistaken, source),
      ...indexed.findings,
      ...ownerFindings(root, kept, owners, withIds, indexed.accounted, new Set(out.keys())),
      ...pulseFindings(root, trains, pulseIds),
      ...cellFindings(root, trains, cells, detector),
      ...copiedFindings(exdf, source, trains),
      ...unreadableMembers(exdf, source).map(
        (dataset): IdFinding => ({ check: 'datasets_readable', severity: 'error', message: LOST, dataset }),
      ),
    ],
    file: {
      path,
      size,
      mtimeMs,
      source,
      formatVersion: exdf.unknownVersion ?? formatVersion,
      trains,
      frames: rowsOf(data),
      pulseIds: pulseIds.numbers,
      ...(pulseIds.wide.size > 0 && { widePulseIds: pulseIds.wide }),
      cellIds: cellIdsOf(cells.numbers),
      copied: [...forms.keys()],
    },
  }
}

const LOST = 'its header is damaged: CORR is without it. Copy the file again from its source'

function copiedFindings({ file }: ExdfFile, source: string, trains: readonly TrainEntry[]): IdFinding[] {
  const rowsIn = (group: string) =>
    trains.flatMap(({ trainId, image, groups }) => {
      const rows = group === 'image' ? image : groups[group]
      return rows ? [{ trainId, ...rows }] : []
    })
  return [...meaninglessNumbers(file, source, rowsIn)].map(found => ({
    ...{ check: 'copied_numbers', severity: 'error' as const },
    ...found,
  }))
}

/** Index of each group that METADATA lists for the source; a group without an index has no rows. */
export function groupIndices(exdf: ExdfFile, source: string): Map<string, GroupIndex> {
  const found = new Map<string, GroupIndex>()
  for (const group of exdf.instrumentSources.get(source) ?? []) {
    const index = readGroupIndex(exdf, source, group)
    if (index) found.set(group, index)
  }
  return found
}

/** Groups that have data, but no index that says whose. */
function groupFindings(
  source: string,
  groups: ReadonlyMap<string, GroupIndex>,
  forms: ReadonlyMap<string, string>,
): IdFinding[] {
  const withData = new Set([...forms.keys()].map(key => key.slice(0, key.indexOf('/'))))
  return [...withData].flatMap((group): IdFinding[] => {
    if (groups.has(group)) return []
    const message = `${group} is left out: INDEX does not say whose its rows are`
    return [{ check: 'index_instrument', severity: 'error', message, dataset: indexPath(source, group) }]
  })
}

function checkImageData(
  { file }: ExdfFile,
  data: Hdf5Dataset,
  source: string,
  { name, rawPlanes, slowScan, fastScan }: Detector,
): void {
  const dataset = instrumentPath(source, 'image/data')
  const shape = data.shape
  const dtype = data.type.name
  const found = `${dtype} (${shape.join(', ')})`
  const extra = CORRECTED_ONLY.find(key => file.dataset(instrumentPath(source, `image/${key}`)))
  if (extra !== undefined || dtype.includes('f'))
    throw new DataError(`is corrected already (${extra === undefined ? found : `there is image/${extra}`})`, {
      place: { dataset },
      hint: 'Give the RAW folder of the run, not the corrected one',
    })
  const plane = shape.slice(-2)
  const module = plane[0] === slowScan && plane[1] === fastScan
  const planes = shape.length === 4 ? shape[1] : shape.length === 3 ? 1 : 0
  if (dtype === 'u2' && module && planes === 1 && rawPlanes === 2)
    throw new DataError(`is ${found}: interleaved frames, the ${name} format of before 2018`, {
      place: { dataset },
      hint: 'detcal reads files that hold analogue signal and gain as two planes of one frame',
    })
  if (dtype !== 'u2' || !module || shape.length !== 4 || planes !== rawPlanes)
    throw new DataError(`is ${found}, expected u2 (frames, ${rawPlanes}, ${slowScan}, ${fastScan})`, {
      place: { dataset },
      hint: `Check that this is raw ${name} data`,
    })
}

/** Datasets that a corrected file copies by row, `group/name`, in the file's order, with dtype and shape of a row. */
function copiedDatasets(exdf: ExdfFile, source: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const group of exdf.instrumentSources.get(source) ?? [])
    for (const { name, dataset } of rowDatasets(exdf, source, group)) {
      const key = `${group}/${name}`
      const row = dataset.shape.slice(1).join(', ')
      if (!REWRITTEN.has(key)) found.set(key, `${dataset.type.name} (${row})`)
    }
  return found
}
