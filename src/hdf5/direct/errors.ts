import { DataError } from '../../model/errors.js'

/**
 * The file may be sound, but uses a feature of HDF5 that the direct reader does not know. The caller falls back to
 * the library: slower, never wrong.
 */
export class Unsupported extends Error {
  constructor(feature: string) {
    super(`the direct reader does not know ${feature}`)
    this.name = 'Unsupported'
  }
}

/** The error for bytes that contradict the format or each other. */
export function damagedFile(file: string, dataset: string, what: string): DataError {
  return new DataError(`damaged HDF5 file: ${what}`, {
    place: { file, dataset },
    hint: 'Check the file with h5dump and copy it again from its source',
  })
}

/**
 * What nobody here can read, though the file may be sound: data that lie in files which are not there, filters without a
 * decoder. Final: the library, which would give zeros or a text of its own, is not asked.
 */
export class Unreadable extends DataError {}

/**
 * The library has the last word on damage, of which it may make more or say more, and on what the system refuses, but not
 * on what nobody can read.
 * @param dataset what was asked for, for messages.
 * @throws Unsupported for both. What else is thrown is a mistake of ours and passes.
 */
export function certain<T>(read: () => T, dataset?: string): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unreadable) throw dataset === undefined ? error : at(error, dataset)
    if (error instanceof DataError || (error instanceof Error && 'syscall' in error))
      throw new Unsupported(error.message)
    throw error
  }
}

/** A view of a whole file does not know which dataset was asked for. */
function at({ message, place, hint }: Unreadable, dataset: string): Unreadable {
  const there = place.dataset === '/' ? { ...place, dataset: dataset.replace(/^\//, '') } : place
  return new Unreadable(message, { place: there, ...(hint === undefined ? {} : { hint }) })
}
