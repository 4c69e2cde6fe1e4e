import { damagedFile } from './errors.js'
import { readNamed } from './file-view.js'
import { undoFilters } from './filters.js'
import type { ChunkedStorage, LocatedElements } from './types.js'

/**
 * The elements of allocated chunk `number` of the grid in C order, filters undone. Chunks at the edges are whole:
 * what sticks out of the dataset is there too.
 * @throws DataError naming file, dataset and chunk if it cannot be read or decoded.
 */
export function readChunk(
  fd: number,
  located: LocatedElements,
  storage: ChunkedStorage,
  number: number,
  file: string,
): Uint8Array {
  const size = storage.sizes[number] ?? 0
  const stored = new Uint8Array(size)
  readNamed(fd, stored, 0, size, storage.addresses[number] ?? 0, { file, dataset: located.path })
  const chunkBytes = storage.chunkShape.reduce((product, length) => product * length, located.elementBytes)
  try {
    return undoFilters(stored, storage.filters, storage.filterMasks[number] ?? 0, chunkBytes)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw damagedFile(file, located.path, `chunk ${number} cannot be decoded, ${problem}`)
  }
}
