import { closeSync, openSync, statSync } from 'node:fs'
import type { Detector } from '../../src/detectors/detector.js'
import { Unsupported } from '../../src/hdf5/direct/errors.js'
import { locateDataset } from '../../src/hdf5/direct/locate.js'
import { readSlab } from '../../src/hdf5/direct/read-slab.js'
import type { LocatedDataset } from '../../src/hdf5/direct/types.js'
import { refuseForeignFilters } from '../../src/hdf5/guard.js'
import { type Dataset, externalLinkOn, named, openLibrary } from '../../src/hdf5/library.js'
import { DTYPE_BYTES, type DType } from '../../src/model/dtypes.js'
import { ConstantsError, isDetcalError, type Place } from '../../src/model/errors.js'
import { type Axes, axesOf } from '../model/axes.js'
import { type Calibration, calibrationOf } from '../model/calibrations.js'
import type { ConstantVersion } from '../model/version.js'
import { checkChunks } from './chunk-limit.js'
import { dtypeOf, liesElsewhere } from './layout.js'

/** A module's constant, found and checked, ready to be read by any thread: plain data that survives `postMessage`. */
export interface ConstantSource {
  readonly calibration: Calibration
  /** The file, the dataset `/<PDU>/<Calibration>/<index>/data` and the module it is for. */
  readonly place: Place & { readonly file: string; readonly dataset: string }
  /** In disk order. */
  readonly shape: readonly number[]
  readonly axes: Axes
  readonly dtype: DType
  /** Where its elements lie; absent: only the library can read it. */
  readonly located?: LocatedDataset
  /** Checksums of its elements, see `ChecksumGrid`; absent: nobody made them when it was imported. */
  readonly checksums?: Uint8Array
}

/** What to do about a constant in a catalogue that is not as it was. */
export const VERIFY = 'Find what happened to it with detcal constants verify'

/** Number of memory cells it has. */
export function cellsOf({ shape, axes }: ConstantSource): number {
  return shape[axes.cell] ?? 0
}

/** Number of planes of its last axis; 1 where it has none. */
export function planesOf({ shape, axes }: Pick<ConstantSource, 'shape' | 'axes'>): number {
  return axes.plane < 0 ? 1 : (shape[axes.plane] ?? 0)
}

type Located = 'calibration' | 'path' | 'dataset' | 'shape' | 'dtype' | 'dims' | 'size' | 'checksums'

/**
 * Finds a constant's elements in its file and checks that it still is what the catalogue says.
 * @throws ConstantsError naming file, dataset and module.
 */
export async function locateConstant(
  detector: Detector,
  version: Pick<ConstantVersion, Located>,
  module?: number,
): Promise<ConstantSource> {
  const dataset = `${version.dataset}/data`
  const place = { file: version.path, dataset, ...(module === undefined ? {} : { module }) }
  const refuse = (message: string) => new ConstantsError(message, { place, hint: VERIFY })
  const calibration = calibrationOf(detector, version.calibration)
  if (calibration === undefined) throw refuse(`${detector.name} has no calibration ${version.calibration}`)
  checkKind(calibration, version.dtype, place)

  const found = await located(version.path, dataset, version.size, refuse).catch((error: unknown) => {
    throw asConstantsError(error, place)
  })
  if (found.dtype !== version.dtype || String(found.shape) !== String(version.shape)) {
    const [now, then] = [found, version].map(
      ({ dtype, shape }) => `${dtype ?? 'other'} (${shape.join(', ')})`,
    )
    throw refuse(`it is ${now}, but was ${then} when it was imported`)
  }
  if (found.elsewhere !== undefined) throw liesElsewhere(found.elsewhere, place)
  const { chunkShape } = found
  if (chunkShape) checkChunks(chunkShape, DTYPE_BYTES[version.dtype], place)
  const { shape, dtype, dims } = version
  const { checksums } = version
  const source = { calibration, place, shape, axes: axesOf(dims), dtype, ...(checksums && { checksums }) }
  return found.located ? { ...source, located: found.located } : source
}

/** Gives `dtype` back. @throws ConstantsError if constants of this calibration cannot be stored as it. */
export function checkKind(calibration: Calibration, dtype: DType | undefined, place: Place): DType {
  const wide = dtype === 'i8' || dtype === 'u8'
  if (dtype !== undefined && !(calibration.kind === 'float' && wide)) return dtype
  const wanted =
    calibration.kind === 'bits' ? 'an integer (or f8) type' : 'f8, f4 or an integer type up to 32 bits'
  throw new ConstantsError(
    `${calibration.name} is ${dtype ?? 'of another type'}, where ${wanted} is needed`,
    {
      place,
      hint: 'Convert it to little-endian f8 or u4',
    },
  )
}

interface Found {
  readonly shape: readonly number[]
  readonly dtype: DType | undefined
  /** Of compressed chunks; absent: there are none. */
  readonly chunkShape?: readonly number[]
  /** Absent: only the library can read it. */
  readonly located?: LocatedDataset
  /** A file that elements lie in, if not in this one: virtual datasets, external links and storage. */
  readonly elsewhere?: string
}

async function located(
  path: string,
  dataset: string,
  size: number,
  refuse: (message: string) => ConstantsError,
): Promise<Found> {
  const fd = openSync(path, 'r')
  try {
    const bytes = statSync(path).size
    if (bytes !== size) throw refuse(`the file is ${bytes} bytes long, but was ${size} when it was imported`)
    const found = locateDataset(fd, dataset, path)
    const { shape, dtype, storage } = found
    const compressed = storage.kind === 'chunked' && storage.filters.length > 0
    const elsewhere =
      storage.kind === 'elsewhere' ? (storage.pieces[0]?.file ?? 'of which there is none') : undefined
    return {
      shape,
      dtype,
      located: found,
      ...(compressed ? { chunkShape: storage.chunkShape } : {}),
      ...(elsewhere === undefined ? {} : { elsewhere }),
    }
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
  } finally {
    closeSync(fd)
  }
  const file = (await openLibrary()).open(path, 'r')
  try {
    const data = datasetOf(file.get(dataset))
    if (data === undefined) throw refuse('there is no such dataset')
    refuseForeignFilters(data, path)
    const { shape, metadata, filters } = data
    const chunkShape = filters.length > 0 ? metadata.chunks : undefined
    const elsewhere = metadata.virtual_sources?.[0]?.file_name ?? externalLinkOn(file, dataset)
    return {
      shape: shape ?? [],
      dtype: dtypeOf(metadata),
      ...(chunkShape ? { chunkShape } : {}),
      ...(elsewhere === undefined ? {} : { elsewhere }),
    }
  } finally {
    file.close()
  }
}

function datasetOf(entity: unknown): Dataset | undefined {
  return typeof entity === 'object' && entity !== null && 'slice' in entity ? (entity as Dataset) : undefined
}

/** Reads slabs of one constant; close it when done. */
export interface SlabReader {
  /** Elements `start … start + count − 1` of every axis, in disk order, into `out` of exactly their bytes. */
  read(start: readonly number[], count: readonly number[], out: Uint8Array): void
  close(): void
}

/** Opens a constant for reading, by plain file reads or, where these cannot, by the library. @throws ConstantsError */
export async function openSlabs(source: Pick<ConstantSource, 'place' | 'located'>): Promise<SlabReader> {
  const { place, located } = source
  try {
    return located ? direct(located, place.file) : await throughLibrary(place.file, place.dataset)
  } catch (error) {
    throw asConstantsError(error, place)
  }

  function direct(dataset: LocatedDataset, path: string): SlabReader {
    const fd = openSync(path, 'r')
    return {
      read: (start, count, out) => placed(() => readSlab(fd, dataset, start, count, out, path)),
      close: () => closeSync(fd),
    }
  }

  async function throughLibrary(path: string, dataset: string): Promise<SlabReader> {
    const file = (await openLibrary()).open(path, 'r')
    const data = datasetOf(file.get(dataset))
    if (data === undefined) {
      file.close()
      throw new ConstantsError('there is no such dataset', { place })
    }
    return {
      read: (start, count, out) =>
        placed(() => {
          const ranges = start.map((first, axis): [number, number] => [first, first + (count[axis] ?? 0)])
          const slab = named(path, 'r', () => data.slice(ranges))
          if (!ArrayBuffer.isView(slab)) throw new ConstantsError('it holds no numbers', { place })
          out.set(new Uint8Array(slab.buffer, slab.byteOffset, slab.byteLength))
        }),
      close: () => file.close(),
    }
  }

  function placed(read: () => void): void {
    try {
      read()
    } catch (error) {
      throw asConstantsError(error, place)
    }
  }
}

/** Errors of files and of detcal's readers, with the constant's place; programming errors unchanged. */
function asConstantsError(error: unknown, place: Place): unknown {
  const system = error instanceof Error && 'syscall' in error
  if (!(isDetcalError(error) || system) || isDetcalError(error, 'constants')) return error
  const hint = (isDetcalError(error) && error.hint) || VERIFY
  const message = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'the file is missing' : error.message
  return new ConstantsError(message, { place, hint, cause: error })
}
