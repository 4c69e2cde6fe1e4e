import { statSync } from 'node:fs'
import type { Detector } from '../../src/detectors/detector.js'
import {
  type FoundDataset,
  findDataset,
  type LocatedDataset,
  openDataset,
  type SlabReader,
} from '../../src/hdf5/index.js'
import { DTYPE_BYTES, type DType } from '../../src/model/dtypes.js'
import { ConstantsError, isDetcalError, type Place } from '../../src/model/errors.js'
import { type Axes, axesOf } from '../model/axes.js'
import { type Calibration, calibrationOf } from '../model/calibrations.js'
import type { ConstantVersion } from '../model/version.js'
import { checkChunks } from './chunk-limit.js'
import { liesElsewhere } from './layout.js'
import { requireWritten } from './not-written.js'

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

  const found = await findIn(version, dataset, refuse).catch((error: unknown) => {
    throw asConstantsError(error, place)
  })
  if (found.dtype !== version.dtype || String(found.shape) !== String(version.shape)) {
    const [now, then] = [found, version].map(
      ({ dtype, shape }) => `${dtype ?? 'other'} (${shape.join(', ')})`,
    )
    throw refuse(`it is ${now}, but was ${then} when it was imported`)
  }
  if (found.elsewhere !== undefined) throw liesElsewhere(found.elsewhere, place)
  if (found.chunk) checkChunks(found.chunk, DTYPE_BYTES[version.dtype], place)
  const { shape, dtype, dims } = version
  const axes = axesOf(dims)
  if (found.located) requireWritten(found.located, axes.cell, place)
  const { checksums } = version
  const source = { calibration, place, shape, axes, dtype, ...(checksums && { checksums }) }
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

async function findIn(
  { path, size }: Pick<ConstantVersion, 'path' | 'size'>,
  dataset: string,
  refuse: (message: string) => ConstantsError,
): Promise<FoundDataset> {
  const bytes = statSync(path).size
  if (bytes !== size) throw refuse(`the file is ${bytes} bytes long, but was ${size} when it was imported`)
  return findDataset(path, dataset)
}

/** Opens a constant for reading slabs, in disk order. @throws ConstantsError, also from each read */
export async function openSlabs({
  place,
  located,
}: Pick<ConstantSource, 'place' | 'located'>): Promise<SlabReader> {
  const slabs = await openDataset(place, located).catch((error: unknown) => {
    throw asConstantsError(error, place)
  })
  return {
    ...slabs,
    read(start, count, out) {
      try {
        slabs.read(start, count, out)
      } catch (error) {
        throw asConstantsError(error, place)
      }
    },
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
