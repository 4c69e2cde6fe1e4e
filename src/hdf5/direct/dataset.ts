import { arrayOf, type DType, type TypedArrayOf } from '../../model/dtypes.js'
import { DataError } from '../../model/errors.js'
import type { Hdf5Dataset } from '../file.js'
import { readElementType, type StoredType } from './datatype.js'
import { certain, Unreadable, Unsupported } from './errors.js'
import type { Cursor, FileView } from './file-view.js'
import { readLayout } from './layout.js'
import { locateElements, messageOf } from './locate.js'
import { readDataspace, readDatatype } from './messages.js'
import { MESSAGE, type ObjectHeader } from './object-header.js'
import { readSlab } from './read-slab.js'
import { readStringElements } from './strings.js'
import type { LocatedElements } from './types.js'

/** A dataset of numbers or strings. @throws Unsupported from everything but `path`. */
export class DirectDataset implements Hdf5Dataset {
  readonly path: string
  readonly #view: FileView
  readonly #header: ObjectHeader
  #located: LocatedElements | undefined
  #type: StoredType | undefined
  #shape: readonly number[] | undefined

  constructor(view: FileView, path: string, header: ObjectHeader) {
    this.path = path.replace(/^\//, '')
    this.#view = view
    this.#header = header
  }

  get type(): StoredType {
    this.#type ??= certain(() => readElementType(this.#open(MESSAGE.datatype)), this.path)
    return this.#type
  }

  get shape(): readonly number[] {
    this.#shape ??= certain(
      // The sources of a virtual dataset may make it longer than it says.
      () => (this.#isVirtual ? this.#locate() : readDataspace(this.#open(MESSAGE.dataspace))).shape,
      this.path,
    )
    return this.#shape
  }

  get length(): number {
    return this.shape.reduce((product, length) => product * length, 1)
  }

  get chunks(): readonly number[] | undefined {
    const layout = certain(() => readLayout(this.#open(MESSAGE.layout)), this.path)
    return layout.kind === 'chunked' ? layout.chunkShape : undefined
  }

  /**
   * Makes sure that whatever of it lies in other files is there.
   * @throws Unreadable naming the source that is not. @throws Unsupported for references that it cannot judge.
   */
  lookElsewhere(): void {
    certain(() => {
      if (messageOf(this.#header, MESSAGE.externalFiles) || this.#isVirtual) this.#locate()
    }, this.path)
  }

  read(start: readonly number[], count: readonly number[]): TypedArrayOf<DType> {
    const dtype = certain(() => readDatatype(this.#open(MESSAGE.datatype)), this.path)
    const out = arrayOf(
      dtype,
      count.reduce((product, length) => product * length, 1),
    )
    this.#read(start, count, new Uint8Array(out.buffer, out.byteOffset, out.byteLength))
    return out
  }

  slab(start: readonly number[], count: readonly number[], out: Uint8Array): void {
    certain(() => readDatatype(this.#open(MESSAGE.datatype)), this.path)
    this.#read(start, count, out)
  }

  strings(): string[] {
    return certain(() => {
      const { type, shape } = this
      if (type.kind !== 'text') throw new Unsupported('values that are no strings')
      // Where a string lies is told within its own file.
      if (type.vlen && this.#locate().storage.kind === 'elsewhere')
        throw new Unsupported('strings of virtual datasets')
      const elements = Buffer.alloc(type.bytes * this.length)
      this.#read(
        shape.map(() => 0),
        shape,
        elements,
      )
      return this.#texts(elements)
    }, this.path)
  }

  /** Of a damaged reference the library makes nothing more: it believes it, and breaks down. */
  #texts(elements: Buffer): string[] {
    try {
      return readStringElements(this.#view, elements, this.type)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      const { message, place, hint } = error
      throw new Unreadable(message, { place, ...(hint === undefined ? {} : { hint }) })
    }
  }

  get #isVirtual(): boolean {
    return readLayout(this.#open(MESSAGE.layout)).kind === 'virtual'
  }

  #read(start: readonly number[], count: readonly number[], out: Uint8Array): void {
    certain(() => readSlab(this.#view.fd, this.#locate(), start, count, out, this.#view.file), this.path)
  }

  /** The index of its chunks is read once, however many slabs are asked for. */
  #locate(): LocatedElements {
    this.#located ??= locateElements(this.#view, this.path, this.#header, this.type.bytes)
    return this.#located
  }

  #open(type: number): Cursor {
    const message = messageOf(this.#header, type)
    if (message === undefined) throw new Unsupported('a dataset without type or shape')
    return message.open()
  }
}
