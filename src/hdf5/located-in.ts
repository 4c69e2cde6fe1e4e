import { closeSync, openSync, statSync } from 'node:fs'
import { isDetcalError } from '../model/errors.js'
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

/**
 * Whether `path` is a file that has all of these datasets, with their elements in it: so is an earlier result told from
 * whatever else may have its name.
 */
export function holdsItself(path: string, datasets: readonly string[]): boolean {
  try {
    if (!statSync(path).isFile()) return false
    return datasets.every(name => (locatedIn(path, name)?.storage.kind ?? 'elsewhere') !== 'elsewhere')
  } catch (error) {
    if (isDetcalError(error, 'data') || (error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
