import { type LocatedElements, rowsNotWritten } from '../../src/hdf5/index.js'
import { ConstantsError, type Place } from '../../src/model/errors.js'
import { rangesText } from '../../src/model/ranges.js'

/**
 * Refuses a constant that is not wholly in its file: what was never written reads as the fill value, mostly 0, and would
 * pass for an offset of 0 or a sound pixel.
 * @param cellAxis which of its axes is that of cells.
 * @throws ConstantsError naming the cells.
 */
export function requireWritten(located: LocatedElements, cellAxis: number, place: Place): void {
  const missing = rowsNotWritten(located, cellAxis)
  if (missing === undefined) return
  const cells = rangesText([...missing.keys()].filter(cell => missing[cell]))
  throw new ConstantsError(
    `was never written, wholly or in part, for cells ${cells}: they would read as the fill value`,
    { place, hint: 'Get the file from where it is whole, or make it again' },
  )
}
