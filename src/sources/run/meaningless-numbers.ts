import { instrumentPath } from '../../exdf/euxfel-layout.js'
import {
  digitsOf,
  type ExactNumbers,
  type Hdf5File,
  readExact,
  readOrReason,
  rowsOf,
} from '../../hdf5/index.js'
import { isDetcalError } from '../../model/errors.js'
import type { Rows } from './run.js'
import { shortList } from './short-list.js'

/** Lengths and counts that no correction needs: they are copied, whatever they say. */
const NUMBERS = ['image/length', 'header/pulseCount'] as const
const LIMIT = 2 ** 32

/**
 * Lengths and counts of a source that 32 bits without sign do not hold, with all their digits: one finding a dataset.
 * @param rowsIn the rows of a group, `image` or `header`, by train.
 */
export function* meaninglessNumbers(
  file: Hdf5File,
  source: string,
  rowsIn: (group: string) => readonly (Rows & { readonly trainId: number })[],
): Generator<{ readonly dataset: string; readonly message: string }> {
  for (const key of NUMBERS) {
    const dataset = instrumentPath(source, key)
    const found = file.dataset(dataset)
    const trains = rowsIn(key.slice(0, key.indexOf('/'))).filter(({ count }) => count > 0)
    const extent = trains.reduce((most, { first, count }) => Math.max(most, first + count), 0)
    if (!found || rowsOf(found) < extent) continue
    const column = readOrReason(() => readExact(found, extent))
    // Of another type or shape it is copied all the same.
    if (isDetcalError(column)) continue
    const odd = oddNumbers(column, trains)
    if (odd.length > 0)
      yield { dataset, message: `numbers that mean nothing: ${shortList(odd, 5)}: copied as they are` }
  }
}

/** `18446744073709551615 (train 1001)`: the first of each train. */
function oddNumbers(
  column: ExactNumbers,
  trains: readonly (Rows & { readonly trainId: number })[],
): string[] {
  return trains.flatMap(({ trainId, first, count }) => {
    for (let row = first; row < first + count; row++) {
      const value = column.numbers[row] ?? 0
      if (!(Number.isInteger(value) && value >= 0 && value < LIMIT))
        return [`${digitsOf(column, row)} (train ${trainId})`]
    }
    return []
  })
}
