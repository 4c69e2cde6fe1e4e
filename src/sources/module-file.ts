import type { Detector } from '../detectors/detector.js'
import { CORRECTED_ONLY, indexPath, instrumentPath, REWRITTEN } from '../hdf5/euxfel-layout.js'
import type { ExdfFile } from '../hdf5/exdf-file.js'
import { FRAME_LIMIT, type GroupIndex, readGroupIndex, readTrainIndex, rowsAt } from '../hdf5/exdf-index.js'
import type { ReadableDataset } from '../hdf5/readable.js'
import { datasetAt, dtypeOf, namesIn, readNumbers, requireDataset, rowsOf } from '../hdf5/values.js'
import { DataError } from '../model/errors.js'
import type { TrainId } from '../model/ids.js'
import { beginAnew, riseThrough } from './parallel-gain.js'
import type { ModuleFile, Rows, TrainEntry } from './run.js'

const INCOMPLETE = 'The file is truncated or still being copied: wait or copy it again'

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
}

/**
 * Reads index and ids of one module's source from an open file, image data untouched.
 * @param rawFrames raw frames of a pulse: of a train's frames only the first of so many equal parts have valid ids.
 * @throws DataError naming the dataset: missing, wrong shape or dtype, an index beyond its end, data that
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

  const stored: TrainEntry[] = []
  const seen = new Set<number>()
  const dropped: TrainId[] = []
  const unindexed: TrainId[] = []
  for (const { row, ...train } of index.rows) {
    if (seen.has(train.trainId)) {
      dropped.push(train.trainId)
      continue
    }
    seen.add(train.trainId)
    if (row >= image.length) unindexed.push(train.trainId)
    const rows: Record<string, Rows> = {}
    for (const [group, groupIndex] of groups)
      rows[group] = rowsAt(groupIndex, row, `${indexPath(source, group)}/first`)
    const { image: frames = { first: 0, count: 0 }, ...others } = rows
    stored.push({ ...train, index: row, image: frames, groups: others })
  }
  stored.sort((a, b) => a.trainId - b.trainId)

  const used = usedRows(stored)
  const extent = used.get('image') ?? 0
  if (extent > FRAME_LIMIT)
    throw new DataError(`refers to frame ${extent}, more than ${FRAME_LIMIT}: the file is damaged`, {
      place: { dataset: `${indexPath(source, 'image')}/first` },
    })
  checkExtent(data, extent, 'image', source)
  const pulseIds = readNumbers(requireDataset(file, `${root}/image/pulseId`), extent)
  const isContrary = ({ image }: TrainEntry): boolean =>
    rawFrames === 1
      ? beginAnew(detector, pulseIds, image)
      : image.count % rawFrames === 0 && riseThrough(pulseIds, image)
  const contrary = new Set(stored.filter(isContrary))
  const trains = stored.map(train => {
    const image = rawFrames === 1 && contrary.has(train) ? { ...train.image, count: 0 } : train.image
    return { ...train, image: pulsesOf(image, rawFrames) }
  })
  const unequal = stored.filter(({ image }) => image.count % rawFrames !== 0).map(({ trainId }) => trainId)
  return {
    dropped,
    unindexed,
    unequal,
    contrary: [...contrary].map(({ trainId }) => trainId),
    remarks: index.remarks,
    file: {
      path,
      size,
      mtimeMs,
      source,
      formatVersion: exdf.unknownVersion ?? formatVersion,
      trains,
      frames: rowsOf(data),
      pulseIds,
      cellIds: readCells(requireDataset(file, `${root}/image/cellId`), extent, trains, detector),
      copied: copiedDatasets(exdf, source, used),
    },
  }
}

/** Rows of a train's first raw frames, one a pulse: none if the frames cannot be as many of each kind. */
function pulsesOf({ first, count }: Rows, rawFrames: number): Rows {
  return { first, count: count % rawFrames === 0 ? count / rawFrames : 0 }
}

/** Index of each group that METADATA lists for the source; a group without an index has no rows. */
function groupIndices(exdf: ExdfFile, source: string): Map<string, GroupIndex> {
  const found = new Map<string, GroupIndex>()
  for (const group of exdf.instrumentSources.get(source) ?? []) {
    const index = readGroupIndex(exdf, source, group)
    if (index) found.set(group, index)
  }
  return found
}

/** Rows that trains refer to by group: the largest `first + count`. */
function usedRows(trains: readonly TrainEntry[]): Map<string, number> {
  const used = new Map<string, number>()
  const grow = (group: string, { first, count }: Rows) => {
    if (count > 0) used.set(group, Math.max(used.get(group) ?? 0, first + count))
  }
  for (const { image, groups } of trains) {
    grow('image', image)
    for (const [group, rows] of Object.entries(groups)) grow(group, rows)
  }
  return used
}

function checkExtent(dataset: ReadableDataset, extent: number, group: string, source: string): void {
  const rows = rowsOf(dataset)
  if (extent > rows)
    throw new DataError(`${indexPath(source, group)} refers to row ${extent} of ${rows}`, {
      place: { dataset: dataset.path.replace(/^\//, '') },
      hint: INCOMPLETE,
    })
}

/** Cell ids beyond the detector's memory mean that the file is not what it seems. Only those of pulses are valid. */
function readCells(
  dataset: ReadableDataset,
  rows: number,
  trains: readonly TrainEntry[],
  detector: Detector,
): Uint16Array {
  const values = readNumbers(dataset, rows)
  const isBad = (row: number) => !((values[row] ?? 0) >= 0 && (values[row] ?? 0) < detector.maxCells)
  const bad = firstRow(trains, isBad)
  if (bad !== undefined)
    throw new DataError(`frame ${bad} has cell ${values[bad]}, ${detector.name} has ${detector.maxCells}`, {
      place: { dataset: dataset.path.replace(/^\//, '') },
      hint: 'The file is damaged or of an old format: leave it out',
    })
  return Uint16Array.from(values)
}

/** The first row of any train's pulses that `is` so. */
function firstRow(trains: readonly TrainEntry[], is: (row: number) => boolean): number | undefined {
  for (const { image } of trains)
    for (let row = image.first; row < image.first + image.count; row++) if (is(row)) return row
  return undefined
}

/**
 * What `image/data` must be to be corrected: u16 of shape (frames, planes, slow scan, fast scan).
 * @throws DataError that tells corrected, interleaved and merely wrong data apart.
 */
function checkImageData(
  { file }: ExdfFile,
  data: ReadableDataset,
  source: string,
  { name, rawPlanes, slowScan, fastScan }: Detector,
): void {
  const dataset = instrumentPath(source, 'image/data')
  const shape = data.shape ?? []
  const dtype = dtypeOf(data)
  const found = `${dtype} (${shape.join(', ')})`
  const extra = CORRECTED_ONLY.find(key => datasetAt(file, instrumentPath(source, `image/${key}`)))
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

/**
 * Datasets that a corrected file copies by row, `group/name`, in the file's order.
 * @throws DataError if one is shorter than its index.
 */
function copiedDatasets(exdf: ExdfFile, source: string, used: ReadonlyMap<string, number>): string[] {
  const copied: string[] = []
  for (const group of exdf.instrumentSources.get(source) ?? []) {
    for (const name of namesIn(exdf.file, instrumentPath(source, group))) {
      const key = `${group}/${name}`
      const dataset = datasetAt(exdf.file, instrumentPath(source, key))
      if (!dataset || (dataset.shape ?? []).length === 0) continue
      checkExtent(dataset, used.get(group) ?? 0, group, source)
      if (!REWRITTEN.has(key)) copied.push(key)
    }
  }
  return copied
}
