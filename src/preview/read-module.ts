import type { Detector } from '../detectors/detector.js'
import { instrumentPath } from '../exdf/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../exdf/file.js'
import { requireDataset } from '../hdf5/index.js'
import { DataError } from '../model/errors.js'
import type { ModuleIndex } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import type { ModuleFile } from '../sources/run/run.js'
import { fileProblem } from '../sources/run/run-folder.js'
import type { ChosenFrame, TrainPlaces } from './choose-frames.js'
import { addFrame, copyOfSums, type FrameSums, newSums } from './frame-sums.js'
import type { LayerPlace } from './options.js'

/** What a module has of the frames. */
export interface ModuleSums {
  readonly sums: FrameSums
  readonly frames: number
  readonly problems: readonly Problem[]
}

/**
 * Sums up the frames of one module, in the order in which they are given: each is the one of the same train and pulse. A file
 * that cannot be read is a problem, and its frames are missing.
 */
export async function sumOfModule(
  module: ModuleIndex,
  places: TrainPlaces,
  frames: readonly ChosenFrame[],
  { detector, layer, signal }: { detector: Detector; layer: LayerPlace; signal: AbortSignal | undefined },
): Promise<ModuleSums> {
  let sums = newSums(detector.slowScan * detector.fastScan)
  let count = 0
  const problems: Problem[] = []
  for (const { file, rows } of rowsByFile(module, places, frames)) {
    signal?.throwIfAborted()
    try {
      // A file may be read again from its start, by another reader: so each begins with a copy.
      sums = await readExdf(
        file.path,
        exdf => {
          const next = copyOfSums(sums)
          const read = layerReader(exdf, file.source, detector, layer)
          for (const row of rows) addFrame(next, ...read(row))
          return next
        },
        file.facts,
      )
      count += rows.length
    } catch (error) {
      problems.push(fileProblem(error, file.path, module))
    }
  }
  return { sums, frames: count, problems }
}

/** The rows of the frames in the files of a module. */
export function rowsByFile(
  module: ModuleIndex,
  places: TrainPlaces,
  frames: readonly ChosenFrame[],
): { readonly file: ModuleFile; readonly rows: readonly number[] }[] {
  const found: { file: ModuleFile; rows: number[] }[] = []
  for (const { trainId, pulseId, position } of frames) {
    const place = places.get(module)?.get(trainId)
    if (!place) continue
    const pulseIds = place.file.pulseIds.subarray(place.first, place.first + place.count)
    const own = Object.is(pulseIds[position], pulseId) ? position : pulseIds.indexOf(pulseId)
    if (own < 0) continue
    const last = found.at(-1)
    if (last?.file === place.file) last.rows.push(place.first + own)
    else found.push({ file: place.file, rows: [place.first + own] })
  }
  return found
}

type FrameValues = readonly [values: ArrayLike<number>, mask?: ArrayLike<number>]

function layerReader(
  exdf: ExdfFile,
  source: string,
  detector: Detector,
  { layer, dataset, plane, masked }: LayerPlace,
): (row: number) => FrameValues {
  const values = planeReader(exdf, instrumentPath(source, `image/${dataset}`), detector, plane)
  if (layer === 'mask') return row => [Uint8Array.from(values(row), bits => (bits === 0 ? 0 : 1))]
  if (!masked) return row => [values(row)]
  const mask = planeReader(exdf, instrumentPath(source, 'image/mask'), detector, undefined)
  return row => [values(row), mask(row)]
}

/** Element types that are read: all that a number holds. */
const NUMBERS = /^(?:[iu][124]|f[48])$/

/**
 * Reads one plane of a frame, `[slow scan][fast scan]`, by its row.
 * @param plane of a raw frame; undefined: the dataset has one. @throws DataError if these are not data of this detector.
 */
export function planeReader(
  { file }: ExdfFile,
  path: string,
  { slowScan, fastScan, rawPlanes }: Detector,
  plane: number | undefined,
): (row: number) => ArrayLike<number> {
  const dataset = requireDataset(file, path)
  const { shape, type } = dataset
  const inner = plane === undefined ? [slowScan, fastScan] : [rawPlanes, slowScan, fastScan]
  const [rows = 0, ...found] = shape
  if (`${found}` !== `${inner}` || !NUMBERS.test(type.name))
    throw new DataError(`is ${type.name} (${shape.join(', ')}), expected (frames, ${inner.join(', ')})`, {
      place: { dataset: path },
      hint: 'Check that these are data of this detector',
    })
  const start = plane === undefined ? [0, 0] : [plane, 0, 0]
  const count = plane === undefined ? inner : [1, slowScan, fastScan]
  return row => {
    if (row >= rows)
      throw new DataError(`has ${rows} frames, but INDEX tells of one at ${row}`, {
        place: { dataset: path },
        hint: 'Copy the file again, or see detcal validate',
      })
    return dataset.read([row, ...start], [1, ...count]) as ArrayLike<number>
  }
}
