import { closeSync, openSync, statSync } from 'node:fs'
import type { DType } from '../model/dtypes.js'
import { DataError, isDetcalError } from '../model/errors.js'
import { type LocatedDataset, locateDataset, readSlab, Unsupported } from './direct/index.js'
import { refuseForeignFilters } from './guard.js'
import { LibraryFile } from './library-file.js'

/**
 * Finds where the elements of a dataset lie; undefined: only the library can read it.
 * @param file its path. @param opened the same file, if it is open already; it stays open.
 * @throws DataError if the file is damaged, or has no such dataset.
 */
export function locate(file: string, dataset: string, opened?: number): LocatedDataset | undefined {
  const fd = opened ?? openSync(file, 'r')
  try {
    return locateDataset(fd, dataset, file)
  } catch (error) {
    if (error instanceof Unsupported) return undefined
    throw error
  } finally {
    if (opened === undefined) closeSync(fd)
  }
}

/**
 * Whether `path` is a file that has all of these datasets, with their elements in it: so is an earlier result told from
 * whatever else may have its name.
 */
export function holdsItself(path: string, datasets: readonly string[]): boolean {
  try {
    if (!statSync(path).isFile()) return false
    return datasets.every(name => (locate(path, name)?.storage.kind ?? 'elsewhere') !== 'elsewhere')
  } catch (error) {
    if (isDetcalError(error, 'data') || (error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Shape of the chunks that cannot be read in part, since they have filters; undefined: any part can. */
export function decodedChunk(located: LocatedDataset | undefined): readonly number[] | undefined {
  const storage = located?.storage
  return storage?.kind === 'chunked' && storage.filters.length > 0 ? storage.chunkShape : undefined
}

/** A dataset, found and not read. */
export interface FoundDataset {
  readonly shape: readonly number[]
  /** Undefined: not one of ours. */
  readonly dtype: DType | undefined
  /** As of {@link decodedChunk}. */
  readonly chunk: readonly number[] | undefined
  /** A file that elements lie in, if not in this one: virtual datasets, external links and storage. */
  readonly elsewhere: string | undefined
  /** Undefined: only the library can read it. */
  readonly located: LocatedDataset | undefined
}

/**
 * Finds a dataset of the file at path `file`, with all it refers to in other files, without reading its elements.
 * @throws DataError naming file, dataset and the source or filter that is missing.
 */
export async function findDataset(file: string, dataset: string): Promise<FoundDataset> {
  const located = locate(file, dataset)
  if (located !== undefined) {
    const { shape, dtype, storage } = located
    const elsewhere =
      storage.kind === 'elsewhere' ? (storage.pieces[0]?.file ?? 'of which there is none') : undefined
    return { shape, dtype, chunk: decodedChunk(located), elsewhere, located }
  }
  return LibraryFile.reading(file, library => {
    const found = requireIn(library, file, dataset)
    refuseForeignFilters(found, file)
    const { shape, type, chunks, filters } = found
    const elsewhere = found.source ?? library.externalLink(dataset)
    return {
      shape,
      dtype: type.dtype,
      chunk: filters.length > 0 ? chunks : undefined,
      elsewhere,
      located: undefined,
    }
  })
}

function requireIn(library: LibraryFile, file: string, dataset: string) {
  const found = library.isGroup(dataset) ? undefined : library.dataset(dataset)
  if (found === undefined)
    throw new DataError('this dataset is missing', {
      place: { file, dataset },
      hint: 'List what the file holds with h5ls -r',
    })
  return found
}

/** Reads slabs of one dataset; close it when done. */
export interface SlabReader {
  readonly shape: readonly number[]
  /**
   * Elements `start … start + count − 1` of every axis, in disk order, into `out` of exactly their bytes.
   * @throws DataError naming file and dataset
   */
  read(start: readonly number[], count: readonly number[], out: Uint8Array): void
  close(): void
}

/**
 * Opens a dataset for reading, by plain file reads or, where these cannot, by the library.
 * @param located where its elements lie; undefined: only the library can read it.
 * @param fd the file, if it is open already; it stays open.
 */
export async function openDataset(
  { file, dataset }: { readonly file: string; readonly dataset: string },
  located: LocatedDataset | undefined,
  fd?: number,
): Promise<SlabReader> {
  if (located !== undefined) {
    const opened = fd ?? openSync(file, 'r')
    return {
      shape: located.shape,
      read: (start, count, out) => readSlab(opened, located, start, count, out, file),
      close: () => {
        if (fd === undefined) closeSync(opened)
      },
    }
  }
  const opened = await LibraryFile.open(file)
  try {
    const found = requireIn(opened, file, dataset)
    return {
      shape: found.shape,
      read: (start, count, out) => found.slab(start, count, out),
      close: () => opened.close(),
    }
  } catch (error) {
    opened.close()
    throw error
  }
}
