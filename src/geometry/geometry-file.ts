import { readFileSync, statSync } from 'node:fs'
import { DataError, isDetcalError } from '../model/errors.js'
import { readCrystfel } from './crystfel.js'
import type { DetectorLayout } from './layout.js'
import { readMeasured } from './measured.js'
import type { QuadrantPositions } from './quadrants.js'
import type { Geometry } from './tile.js'

/** Bytes of a geometry file at most; real ones have some hundred kilobytes. */
const MOST_BYTES = 16 << 20
const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')

/**
 * Reads a geometry file, whichever it is: European XFEL's HDF5 of this detector, by its first bytes, or else CrystFEL's text.
 * @param quadrants positions in place of those in an HDF5 file.
 * @throws DataError naming the file: not there, absurdly large, not readable as a geometry of this detector.
 */
export async function readGeometry(
  path: string,
  layout: DetectorLayout,
  quadrants?: QuadrantPositions,
): Promise<Geometry> {
  const place = { file: path }
  const refuse = (message: string, hint: string, cause?: unknown) =>
    new DataError(message, { place, hint, cause })
  const bytes = bytesOf(path, refuse)
  if (bytes.subarray(0, HDF5_SIGNATURE.length).equals(HDF5_SIGNATURE)) {
    if (!layout.measured)
      throw refuse('is an HDF5 file, which this detector has no geometry in', 'Give a CrystFEL file (.geom)')
    return readMeasured(path, layout, layout.measured, quadrants)
  }
  if (quadrants)
    throw refuse('has positions of all tiles, so none of quadrants can go with it', 'Leave one of both out')
  try {
    return readCrystfel(bytes.toString('latin1'), layout.shape)
  } catch (error) {
    if (!isDetcalError(error, 'data')) throw error
    throw refuse(error.message, error.hint ?? '', error)
  }
}

function bytesOf(
  path: string,
  refuse: (message: string, hint: string, cause?: unknown) => DataError,
): Buffer {
  const hint = 'Give a CrystFEL geometry (.geom) or an HDF5 geometry file'
  try {
    const info = statSync(path)
    if (!info.isFile()) throw refuse('is no file', hint)
    if (info.size > MOST_BYTES) throw refuse(`has ${info.size} bytes, which no geometry file has`, hint)
    return readFileSync(path)
  } catch (error) {
    if (isDetcalError(error)) throw error
    const { code = String(error) } = error as NodeJS.ErrnoException
    throw refuse(code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`, hint, error)
  }
}
