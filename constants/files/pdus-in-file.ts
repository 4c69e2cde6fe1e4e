import { openCheetahFile } from './cheetah.js'
import { describeConstants } from './layout.js'
import type { StatedPlace } from './statements.js'

/** A unit that a file has constants of, and a module that it was, as the file states it. */
export interface StatedUnit extends StatedPlace {
  /** Undefined in a file that names no unit. */
  readonly pdu: string | undefined
}

/**
 * The units in `file` with every module that the file says they were; none where it says nothing.
 * @throws DataError or ConstantsError if it is no file of constants.
 */
export async function unitsInFile(file: string): Promise<StatedUnit[]> {
  const stored = (await openCheetahFile(file))?.constants ?? (await describeConstants(file))
  const units = stored.flatMap(({ pdu, statements }) => statements.places.map(place => ({ pdu, ...place })))
  return [...new Map(units.map(unit => [JSON.stringify(unit), unit])).values()]
}
