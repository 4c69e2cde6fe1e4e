import type { Detector } from '../../detectors/detector.js'
import type { ModuleIndex } from '../../model/ids.js'
import { partsOfName } from './run-folder.js'

/** Of files that hold the same trains the one of the lowest rank is used. */
export type NameRank = 0 | 1 | 2

/**
 * How much a file's name speaks for its being the real one of `module`: 0, the name that the DAQ gives it; 1, any other, such
 * as that of a file of several modules; 2, the name of another file with something behind it (`… (1).h5`, `….bak.h5`), a copy.
 * @param names of all files of the folder.
 */
export function nameRank(
  name: string,
  module: ModuleIndex,
  detector: Detector,
  names: readonly string[],
): NameRank {
  if (/^RAW-/.test(name) && partsOfName(name, detector).module === module) return 0
  return isCopyName(name, names) ? 2 : 1
}

/** Whether `name` is that of another of `names` with something behind it. */
export function isCopyName(name: string, names: readonly string[]): boolean {
  return names.some(other => {
    const stem = other.slice(0, -'.h5'.length)
    return name !== other && name.startsWith(stem) && /^[^A-Za-z0-9]/.test(name.slice(stem.length))
  })
}
