import { arrayOf, type DType, type TypedArrayOf } from '../model/dtypes.js'
import { DataError, isDetcalError } from '../model/errors.js'
import { type ElementType, elementType } from './element-type.js'
import type { Hdf5Dataset, Hdf5File } from './file.js'
import { Guard } from './guard.js'
import { type Dataset, type Entity, explained, type File, openLibrary, withFile } from './library.js'

/**
 * A file that the library has open, in our words: what it is asked is guarded, and what it throws becomes a DataError
 * that names file and dataset.
 */
export class LibraryFile implements Hdf5File {
  readonly #file: File
  readonly #path: string
  readonly #guard: Guard

  private constructor(file: File, path: string) {
    this.#file = file
    this.#path = path
    this.#guard = new Guard(path)
  }

  /** @throws DataError */
  static async open(path: string): Promise<LibraryFile> {
    return new LibraryFile((await openLibrary()).open(path, 'r'), path)
  }

  /** Opens the file at `path`, hands it to `use` and closes it, whatever happens. @throws DataError; what `use` throws passes */
  static reading<T>(path: string, use: (file: LibraryFile) => T): Promise<T> {
    return withFile(path, 'r', opened => {
      const file = new LibraryFile(opened, path)
      try {
        return use(file)
      } finally {
        file.#guard.close()
      }
    })
  }

  close(): void {
    this.#guard.close()
    this.#file.close()
  }

  dataset(path: string): LibraryDataset | undefined {
    const found = this.#find(path)
    return found !== null && 'slice' in found ? new LibraryDataset(found, this.#path, this.#guard) : undefined
  }

  names(path: string): readonly string[] | undefined {
    const found = this.#find(path)
    if (found === null || !('keys' in found)) return undefined
    return this.#ifAny(path, () => found.keys()) ?? []
  }

  isGroup(path: string): boolean {
    const found = this.#ask(path, () => this.#entity(path))
    return found !== null && 'keys' in found
  }

  softLink(path: string): string | undefined {
    return this.#ifAny(path, () => this.#file.get_link(`/${path.replace(/^\//, '')}`)) || undefined
  }

  externalLink(path: string): string | undefined {
    const names = path.split('/').filter(name => name !== '')
    for (let length = 1; length <= names.length; length++) {
      const above = `/${names.slice(0, length).join('/')}`
      const link = this.#ifAny(path, () => this.#file.get_external_link(above))
      const name = link && 'filename' in link ? link.filename : undefined
      if (typeof name === 'string') return name
    }
    return undefined
  }

  attribute(path: string, name: string): unknown {
    const found = this.#find(path)
    return found && 'attrs' in found ? this.#ask(path, () => found.attrs[name]?.value) : undefined
  }

  attributes(path: string): ReadonlyMap<string, string> {
    const found = this.#find(path)
    if (found === null || !('attrs' in found)) return new Map()
    const { attrs } = found
    return this.#ask(
      path,
      () =>
        new Map(
          Object.entries(attrs).map(([name, { dtype, shape, value }]) => [
            name,
            textOf([dtype, shape, value]),
          ]),
        ),
    )
  }

  #find(path: string): Entity | null {
    return this.#ifAny(path, () => this.#entity(path)) ?? null
  }

  #entity(path: string): Entity | null {
    return this.#guard.entity(path, name => this.#file.get(name))
  }

  /** Undefined where the library throws instead of finding nothing: a name below a dataset, a broken link. */
  #ifAny<T>(path: string, ask: () => T): T | undefined {
    return this.#ask(path, () => {
      try {
        return ask()
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError || isDetcalError(error)) throw error
        return undefined
      }
    })
  }

  #ask<T>(path: string, ask: () => T): T {
    return explained(this.#path, 'r', ask, path === '/' ? undefined : path)
  }
}

class LibraryDataset implements Hdf5Dataset {
  readonly path: string
  readonly #dataset: Dataset
  readonly #file: string
  readonly #guard: Guard

  constructor(dataset: Dataset, file: string, guard: Guard) {
    this.path = dataset.path.replace(/^\//, '')
    this.#dataset = dataset
    this.#file = file
    this.#guard = guard
  }

  get type(): ElementType {
    const { type, size, signed, littleEndian } = this.#metadata
    return elementType(type, size, signed, littleEndian)
  }

  get shape(): readonly number[] {
    return this.#metadata.shape ?? []
  }

  get length(): number {
    const { shape, total_size: length } = this.#metadata
    return shape === null ? 0 : length
  }

  get chunks(): readonly number[] | undefined {
    return this.#metadata.chunks ?? undefined
  }

  /** Names and numbers of its filters. */
  get filters(): Dataset['filters'] {
    return this.#ask(() => this.#dataset.filters)
  }

  /** The file of its first source, if it is virtual. */
  get source(): string | undefined {
    return this.#metadata.virtual_sources?.[0]?.file_name
  }

  read(start: readonly number[], count: readonly number[]): TypedArrayOf<DType> {
    const ranges = start.map((first, axis): [number, number] => [first, first + (count[axis] ?? 0)])
    return this.#read(
      dataset => {
        if (ranges.length > 0) return dataset.slice(ranges) as TypedArrayOf<DType>
        // The value of a scalar is alone.
        return arrayOf(this.type.dtype ?? 'f8', 1).fill(dataset.value as never)
      },
      direct => direct.read(start, count),
    )
  }

  slab(start: readonly number[], count: readonly number[], out: Uint8Array): void {
    const slab = this.read(start, count)
    if (!ArrayBuffer.isView(slab) || slab.byteLength !== out.byteLength)
      throw new DataError(`a slab of it is not numbers of ${out.byteLength} bytes`, {
        place: { file: this.#file, dataset: this.path },
        hint: 'Check the file with h5dump',
      })
    out.set(new Uint8Array(slab.buffer, slab.byteOffset, slab.byteLength))
  }

  strings(): string[] {
    const inHeap = this.type.kind === 'text' && this.#metadata.vlen
    const texts = inHeap ? this.#guard.textsInHeap(this.#dataset.path) : undefined
    if (texts !== undefined) return texts
    return this.#read(
      ({ value }) => {
        const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
        // Where a string was never written it follows a null pointer into its own heap.
        return texts.map(text => (typeof text === 'string' && text !== 'emsc' ? text : ''))
      },
      direct => direct.strings(),
    )
  }

  #read<T>(read: (dataset: Dataset) => T, instead: (direct: Hdf5Dataset) => T): T {
    return this.#ask(() => this.#guard.read(this.#dataset, () => read(this.#dataset), instead))
  }

  get #metadata(): Dataset['metadata'] {
    return this.#ask(() => this.#dataset.metadata)
  }

  #ask<T>(ask: () => T): T {
    return explained(this.#file, 'r', ask, this.path)
  }
}

/** JSON, with integers of 64 bits, and NaN and infinities too. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (ArrayBuffer.isView(item)) return [...(item as unknown as Iterable<unknown>)]
    if (typeof item === 'bigint') return String(item)
    // What JSON has no number for.
    if (typeof item === 'number' && (!Number.isFinite(item) || Object.is(item, -0)))
      return Object.is(item, -0) ? '-0' : String(item)
    return item
  })
}
