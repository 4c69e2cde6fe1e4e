import { closeSync, openSync } from 'node:fs'
import { type LocatedDataset, locateDataset, Unsupported } from './direct/index.js'

/**
 * Where the elements of `dataset` in the file `path` lie; undefined: only the library can read it.
 * @throws DataError if there is no such dataset, it is damaged or refers to what is not there.
 */
export function locatedIn(path: string, dataset: string): LocatedDataset | undefined {
  const fd = openSync(path, 'r')
  try {
    return locateDataset(fd, dataset, path)
  } catch (error) {
    if (error instanceof Unsupported) return undefined
    throw error
  } finally {
    closeSync(fd)
  }
}
