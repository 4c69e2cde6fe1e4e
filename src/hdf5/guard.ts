import { CLASS } from './direct/datatype.js'
import { filterName, LIBRARY_FILTERS, REPACK } from './direct/filter-names.js'
import { DirectFile, Unreadable, Unsupported } from './direct/index.js'

/** What the library gives for a path, as far as it is looked at here. */
interface FoundDataset {
  readonly path: string
  readonly metadata: {
    readonly virtual_sources?: readonly unknown[]
    readonly shape: readonly number[] | null
    readonly type: number
    readonly vlen: boolean
  }
  readonly filters: readonly { readonly id: number; readonly name: string }[]
  slice(ranges: [number, number][]): unknown
}

interface FoundGroup {
  readonly path: string
  get(name: string): object | null
}

interface FoundLink {
  readonly filename: string
  readonly obj_path: string
}

/** Deflate, shuffle, fletcher32; and what the direct reader does not undo. */
const KNOWN_FILTERS: ReadonlySet<number> = new Set([1, 2, 3, ...LIBRARY_FILTERS])
const LZF = 32000

/**
 * Stands between the library and who reads with it. The library gives fill values where a source is missing, and texts
 * of its own where it fails: so every dataset that is elsewhere is looked at first by the direct reader, and every
 * failure names file and dataset.
 */
export class Guard {
  readonly #file: string
  readonly #explain: (error: unknown, dataset: string) => unknown
  /** Null: the direct reader cannot open the file. */
  #direct: DirectFile | null | undefined

  /** @param explain what becomes of an error of the library's. */
  constructor(file: string, explain: (error: unknown, dataset: string) => unknown) {
    this.#file = file
    this.#explain = explain
  }

  close(): void {
    this.#direct?.close()
    this.#direct = undefined
  }

  /**
   * What `get` gives for a path, made safe to read.
   * @throws Unreadable if it leads to something that is not there, or to a virtual dataset that cannot be judged.
   */
  entity<E extends object>(path: string, get: (path: string) => E | null): E | null {
    let found: E | null
    try {
      found = get(path)
    } catch (error) {
      this.#refuseBrokenLink(path, get)
      throw error
    }
    if (found === null) return null
    const type = typeOf(found)
    if (type === 'ExternalLink') throw this.#broken(path, found as unknown as FoundLink)
    if (type === 'Dataset') this.#guardDataset(found as unknown as FoundDataset)
    if (type === 'Group') this.#guardGroup(found as unknown as FoundGroup)
    return found
  }

  /** A path that passes a link into a file that is not there is an error to the library. */
  #refuseBrokenLink(path: string, get: (path: string) => object | null): void {
    const names = path.split('/')
    for (let length = 1; length < names.length; length++) {
      const above = names.slice(0, length).join('/')
      if (above === '') continue
      let found: object | null
      try {
        found = get(above)
      } catch {
        return
      }
      if (found && typeOf(found) === 'ExternalLink') throw this.#broken(path, found as FoundLink)
    }
  }

  #broken(path: string, { filename, obj_path }: FoundLink): Unreadable {
    return new Unreadable(`external link: its source ${filename} is not there, or has no ${obj_path}`, {
      place: this.#place(path),
      hint: 'Bring the missing file to where it was, or copy the data into one file while all are there',
    })
  }

  #guardGroup(group: FoundGroup): void {
    const get = group.get.bind(group)
    const below = (name: string) =>
      this.entity(name.startsWith('/') ? name : `${group.path}/${name}`, () => get(name))
    Object.defineProperty(group, 'get', { value: below })
  }

  #guardDataset(dataset: FoundDataset): void {
    this.#lookAt(dataset)
    const slice = dataset.slice.bind(dataset)
    const whole = (dataset.metadata.shape ?? []).map((length): [number, number] => [0, length])
    const prototype = Object.getPrototypeOf(dataset) as object
    Object.defineProperties(dataset, {
      slice: { value: (ranges: [number, number][]) => this.#read(dataset, () => slice(ranges), ranges) },
      value: {
        get: () =>
          this.#textsOf(dataset) ??
          this.#read(dataset, () => Reflect.get(prototype, 'value', dataset), whole),
      },
    })
  }

  /**
   * Texts that lie in a heap, by the direct reader; undefined: it does not know them, or there are none. The library believes
   * a damaged reference: it allocates what that claims, and breaks down on what is there.
   */
  #textsOf({ path, metadata }: FoundDataset): readonly string[] | string | undefined {
    if (metadata.type !== CLASS.string || !metadata.vlen) return undefined
    try {
      const found = this.#directFile()?.get(path)
      if (found?.type !== 'Dataset') return undefined
      return metadata.shape?.length === 0 ? found.value[0] : found.value
    } catch (error) {
      if (error instanceof Unsupported) return undefined
      throw error
    }
  }

  /** Whatever of it lies elsewhere must be there. */
  #lookAt({ path, metadata }: FoundDataset): void {
    const virtual = metadata.virtual_sources !== undefined && metadata.virtual_sources !== null
    try {
      const found = this.#directFile()?.get(path)
      if (found?.type === 'Dataset') found.lookElsewhere()
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

  #read(dataset: FoundDataset, read: () => unknown, ranges: [number, number][]): unknown {
    try {
      return read()
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw this.#explain(error, dataset.path)
      const isLzf = dataset.filters.some(({ id }) => id === LZF)
      const direct = isLzf ? this.#directFile()?.get(dataset.path) : undefined
      if (direct?.type === 'Dataset') return direct.slice(ranges)
      refuseForeignFilters(dataset, this.#file)
      throw this.#explain(error, dataset.path)
    }
  }

  #place(path: string): { file: string; dataset: string } {
    return { file: this.#file, dataset: path.replace(/^\//, '') }
  }
}

/** @throws Unreadable if the library cannot undo a filter of a dataset: it has no plugins. */
export function refuseForeignFilters(
  { path, filters }: Pick<FoundDataset, 'path' | 'filters'>,
  file: string,
): void {
  const foreign = filters.find(({ id }) => !KNOWN_FILTERS.has(id))
  if (foreign === undefined) return
  throw new Unreadable(
    `is compressed with ${filterName(foreign.id, foreign.name)}, which detcal cannot undo`,
    { place: { file, dataset: path.replace(/^\//, '') }, hint: REPACK },
  )
}

function typeOf(entity: object): unknown {
  return 'type' in entity ? entity.type : undefined
}
