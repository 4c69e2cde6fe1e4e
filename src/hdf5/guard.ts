import { filterName, LIBRARY_FILTERS, REPACK } from './direct/filter-names.js'
import { DirectFile, Unreadable, Unsupported } from './direct/index.js'
import type { Hdf5Dataset } from './file.js'
import type { Dataset, Entity, ExternalLink } from './library.js'

/** Deflate, shuffle, fletcher32; and what the direct reader does not undo. */
const KNOWN_FILTERS: ReadonlySet<number> = new Set([1, 2, 3, ...LIBRARY_FILTERS])
const LZF = 32000

/**
 * Stands between the library and who reads with it. The library gives fill values where a source is missing: so every
 * dataset that is elsewhere is looked at first by the direct reader.
 */
export class Guard {
  readonly #file: string
  /** Null: the direct reader cannot open the file. */
  #direct: DirectFile | null | undefined

  constructor(file: string) {
    this.#file = file
  }

  close(): void {
    this.#direct?.close()
    this.#direct = undefined
  }

  /**
   * What `get` gives for a path, once it is safe to read.
   * @throws Unreadable if it leads to something that is not there, or to a virtual dataset that cannot be judged.
   */
  entity(path: string, get: (path: string) => Entity | null): Entity | null {
    let found: Entity | null
    try {
      found = get(path)
    } catch (error) {
      this.#refuseBrokenLink(path, get)
      throw error
    }
    if (found === null) return null
    if ('filename' in found) throw this.#broken(path, found)
    if ('slice' in found) this.#lookAt(found)
    return found
  }

  /**
   * What `read` gives; where the library cannot undo the filter and the direct reader can, what `instead` gives.
   * @throws Unreadable naming a filter that neither can undo.
   */
  read<T>(dataset: Dataset, read: () => T, instead: (dataset: Hdf5Dataset) => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error
      const isLzf = dataset.filters.some(({ id }) => id === LZF)
      const direct = isLzf ? this.#directFile()?.dataset(dataset.path) : undefined
      if (direct) return instead(direct)
      refuseForeignFilters(dataset, this.#file)
      throw error
    }
  }

  /**
   * The texts of a dataset that lie in a heap, by the direct reader; undefined: it does not know them. The library believes
   * a damaged reference: it allocates what that claims, and breaks down on what is there.
   * @throws Unreadable if a reference is damaged.
   */
  textsInHeap(path: string): string[] | undefined {
    try {
      return this.#directFile()?.dataset(path)?.strings()
    } catch (error) {
      if (error instanceof Unsupported) return undefined
      throw error
    }
  }

  /** A path that passes a link into a file that is not there is an error to the library. */
  #refuseBrokenLink(path: string, get: (path: string) => Entity | null): void {
    const names = path.split('/')
    for (let length = 1; length < names.length; length++) {
      const above = names.slice(0, length).join('/')
      if (above === '') continue
      let found: Entity | null
      try {
        found = get(above)
      } catch {
        return
      }
      if (found && 'filename' in found) throw this.#broken(path, found)
    }
  }

  #broken(path: string, { filename, obj_path }: ExternalLink): Unreadable {
    return new Unreadable(`external link: its source ${filename} is not there, or has no ${obj_path}`, {
      place: this.#place(path),
      hint: 'Bring the missing file to where it was, or copy the data into one file while all are there',
    })
  }

  /** Whatever of it lies elsewhere must be there. */
  #lookAt({ path, metadata }: Dataset): void {
    const virtual = metadata.virtual_sources !== undefined && metadata.virtual_sources !== null
    try {
      const found = this.#directFile()?.dataset(path)
      if (found) found.lookElsewhere()
      else if (virtual) throw new Unsupported('where it is')
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error
      // What only the library knows: it may be sound, unless it needs other files.
      if (!virtual) return
      throw new Unreadable(`virtual dataset that cannot be judged: ${error.message}`, {
        place: this.#place(path),
        hint: 'Write its elements into one file: h5repack -l CONTI in.h5 out.h5',
      })
    }
  }

  #directFile(): DirectFile | null {
    if (this.#direct !== undefined) return this.#direct
    try {
      this.#direct = DirectFile.open(this.#file)
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error
      this.#direct = null
    }
    return this.#direct
  }

  #place(path: string): { file: string; dataset: string } {
    return { file: this.#file, dataset: path.replace(/^\//, '') }
  }
}

/** @throws Unreadable if the library cannot undo a filter of a dataset: it has no plugins. */
export function refuseForeignFilters(
  { path, filters }: Pick<Dataset, 'path' | 'filters'>,
  file: string,
): void {
  const foreign = filters.find(({ id }) => !KNOWN_FILTERS.has(id))
  if (foreign === undefined) return
  throw new Unreadable(
    `is compressed with ${filterName(foreign.id, foreign.name)}, which detcal cannot undo`,
    { place: { file, dataset: path.replace(/^\//, '') }, hint: REPACK },
  )
}
