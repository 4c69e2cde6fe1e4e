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
export function damaged(file: string, dataset: string, what: string): DataError {
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
