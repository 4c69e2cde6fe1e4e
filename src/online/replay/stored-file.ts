import { closeSync, openSync } from 'node:fs'
import type { BridgeArray } from '../../bridge/message.js'
import type { Detector } from '../../detectors/detector.js'
import { refuseChanged } from '../../engine/worker/block-reader.js'
import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../../exdf/file.js'
import { type CopiedRows, copyRows } from '../../exdf/rows.js'
import { isSystemError, systemText } from '../../files/errors.js'
import type { Hdf5Dataset } from '../../hdf5/index.js'
import { readOrReason } from '../../hdf5/index.js'
import { DTYPE_BYTES } from '../../model/dtypes.js'
import { DataError } from '../../model/errors.js'
import type { TrainId } from '../../model/ids.js'
import { productOf } from '../../model/shapes.js'
import { rowDatasets } from '../../sources/run/indexed-trains.js'
import type { ModuleFile, Rows, TrainEntry } from '../../sources/run/run.js'
import { type FrameForm, openPlane, type StoredPlane } from './stored-plane.js'

/** One file of one module, open: everything small is in memory, frames are read when they are asked for. */
export interface StoredFile {
  readonly file: ModuleFile
  /** Frames by key: `image.data`, of corrected ones `image.gain` and `image.mask` too. */
  readonly planes: ReadonlyMap<string, StoredPlane>
  /** Datasets that cannot travel, and why. */
  readonly problems: readonly DataError[]
  /** Rows of a train in all other datasets, by key: `image.cellId`, `header.pulseCount`; rows first. */
  rowsOf(train: TrainId): Readonly<Record<string, BridgeArray>>
  /** The stored rows of a train's frames. */
  framesOf(entry: TrainEntry): Rows
  /** @throws DataError if it is not what it was when the run was opened. */
  refuseChanged(): void
  close(): void
}

/** What is known of a file once it has been looked through. */
interface Content {
  readonly forms: ReadonlyMap<string, FrameForm>
  readonly small: readonly { readonly key: string; readonly group: string; readonly rows: CopiedRows }[]
  readonly problems: readonly DataError[]
}

/**
 * Opens a file for the trains that are wanted of it.
 * @param rawFrames stored frames of each that `image` counts.
 * @throws DataError if it cannot be read, or is not what it was when the run was opened.
 */
export async function openStoredFile(
  file: ModuleFile,
  wanted: ReadonlySet<TrainId>,
  detector: Detector,
  rawFrames: number,
): Promise<StoredFile> {
  const trains = file.trains.filter(({ trainId }) => wanted.has(trainId))
  const framesOf = ({ image: { first, count } }: TrainEntry): Rows => ({ first, count: count * rawFrames })
  const rowsIn = (entry: TrainEntry, group: string): Rows =>
    group === 'image' ? framesOf(entry) : (entry.groups[group] ?? { first: 0, count: 0 })
  const content = await readExdf(
    file.path,
    exdf => contentOf(exdf, file.source, trains, rowsIn, detector),
    file.facts,
  )
  const { path, size, mtimeMs } = file
  const fd = openOrRefuse(path)
  const planes = new Map<string, StoredPlane>()
  const close = () => {
    for (const plane of planes.values()) plane.close()
    closeSync(fd)
  }
  try {
    refuseChanged({ fd, path, size, mtimeMs })
    for (const [key, form] of content.forms) {
      const dataset = instrumentPath(file.source, key.replace('.', '/'))
      planes.set(key, await openPlane({ fd, path, dataset }, form))
    }
  } catch (error) {
    close()
    throw error
  }
  const starts = startsOf(trains, rowsIn)
  return {
    ...{ file, planes, problems: content.problems, framesOf, close },
    rowsOf: train =>
      Object.fromEntries(
        content.small.flatMap(({ key, group, rows }) => {
          const own = starts.get(group)?.get(train)
          return own ? [[key, sliceOf(rows, own)]] : []
        }),
      ),
    refuseChanged: () => refuseChanged({ fd, path, size, mtimeMs }),
  }
}

function openOrRefuse(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw readError(error, path)
  }
}

/** A failure of the system to read a file, as one line that names it; other errors unchanged. */
export function readError(error: unknown, file: string): unknown {
  if (!isSystemError(error)) return error
  return new DataError(`cannot be read: ${systemText(error)}`, { place: { file }, cause: error })
}

function contentOf(
  exdf: ExdfFile,
  source: string,
  trains: readonly TrainEntry[],
  rowsIn: (entry: TrainEntry, group: string) => Rows,
  detector: Detector,
): Content {
  const forms = new Map<string, FrameForm>()
  const small: Content['small'][number][] = []
  const problems: DataError[] = []
  for (const group of exdf.instrumentSources.get(source) ?? []) {
    const rows = trains.flatMap(entry => {
      const { first, count } = rowsIn(entry, group)
      return Array.from({ length: count }, (_, i) => first + i)
    })
    for (const { name, dataset } of rowDatasets(exdf, source, group)) {
      const key = `${group}.${name}`
      const { dtype } = dataset.type
      if (group === 'image' && dtype && isPlane(dataset, detector))
        forms.set(key, { dtype, row: dataset.shape.slice(1) })
      else {
        const copied = readOrReason(() => copyRows(dataset, rows))
        if (copied instanceof DataError) problems.push(copied)
        else small.push({ key, group, rows: copied })
      }
    }
  }
  return { forms, small, problems }
}

function isPlane({ shape }: Hdf5Dataset, { slowScan, fastScan }: Detector): boolean {
  return shape.length >= 3 && shape.at(-2) === slowScan && shape.at(-1) === fastScan
}

/** Where each train's rows are among those that were copied, by group. */
function startsOf(
  trains: readonly TrainEntry[],
  rowsIn: (entry: TrainEntry, group: string) => Rows,
): Map<string, Map<TrainId, Rows>> {
  const groups = new Set(['image', ...trains.flatMap(({ groups }) => Object.keys(groups))])
  return new Map(
    [...groups].map(group => {
      let next = 0
      const own = new Map<TrainId, Rows>()
      for (const entry of trains) {
        const { count } = rowsIn(entry, group)
        own.set(entry.trainId, { first: next, count })
        next += count
      }
      return [group, own]
    }),
  )
}

function sliceOf({ dtype, shape, data }: CopiedRows, { first, count }: Rows): BridgeArray {
  const row = shape.slice(1)
  const bytes = productOf(row) * DTYPE_BYTES[dtype]
  return {
    dtype,
    shape: [count, ...row],
    data: new Uint8Array(data.buffer, data.byteOffset + first * bytes, count * bytes),
  }
}
