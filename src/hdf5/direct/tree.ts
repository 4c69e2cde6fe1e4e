import { closeSync, openSync } from 'node:fs'
import { arrayOf, type DType, type TypedArrayOf } from '../../model/dtypes.js'
import { CLASS, type ElementType, readElementType } from './datatype.js'
import { Unsupported } from './errors.js'
import { FileView } from './file-view.js'
import { type Link, listLinks, requireKnown } from './groups.js'
import { locateElements, messageOf } from './locate.js'
import { readDataspace, readDatatype } from './messages.js'
import { MESSAGE, type ObjectHeader, readObjectHeader } from './object-header.js'
import { follow } from './paths.js'
import { readSlab } from './read-slab.js'
import { readStringElements } from './strings.js'
import { readSuperblock } from './superblock.js'
import type { LocatedElements } from './types.js'

/**
 * Groups and small datasets of a file, read without the library and many times faster: it has as much of the library's
 * `File` as reading them needs. Whatever it does not know for certain, damage included, is {@link Unsupported}: then
 * the library is to be asked.
 */
export class DirectFile {
  readonly #view: FileView
  readonly #root: number
  readonly #headers = new Map<number, ObjectHeader>()
  readonly #members = new Map<number, ReadonlyMap<string, Link> | undefined>()

  private constructor(view: FileView) {
    this.#view = view
    const { root, inUse } = readSuperblock(view)
    if (inUse) throw new Unsupported('files that are being written')
    this.#root = root
  }

  /** @throws Unsupported */
  static open(path: string): DirectFile {
    return certain(() => {
      const fd = openSync(path, 'r')
      try {
        return new DirectFile(new FileView(fd, path, '/'))
      } catch (error) {
        closeSync(fd)
        throw error
      }
    })
  }

  close(): void {
    closeSync(this.#view.fd)
  }

  /** What `path` leads to, soft links followed; null if it leads nowhere. @throws Unsupported */
  get(path: string): DirectGroup | DirectDataset | null {
    return certain(() => {
      const address = this.#addressOf(path)
      if (address === undefined) return null
      const header = this.#header(address)
      if (messageOf(header, MESSAGE.layout)) return new DirectDataset(this.#view, path, header)
      const members = this.#membersOf(address)
      return members ? { type: 'Group', keys: () => [...members.keys()] } : null
    })
  }

  #addressOf(path: string): number | undefined {
    const found = follow(this.#view, this.#root, path, (group, name) => {
      const link = this.#membersOf(group)?.get(name)
      return link && requireKnown(link)
    })
    return 'address' in found ? found.address : undefined
  }

  #membersOf(address: number): ReadonlyMap<string, Link> | undefined {
    if (!this.#members.has(address)) this.#members.set(address, listLinks(this.#view, this.#header(address)))
    return this.#members.get(address)
  }

  #header(address: number): ObjectHeader {
    const header = this.#headers.get(address) ?? readObjectHeader(this.#view, address)
    this.#headers.set(address, header)
    return header
  }
}

export interface DirectGroup {
  readonly type: 'Group'
  keys(): string[]
}

/** A dataset of numbers or strings, in the library's words. @throws Unsupported from everything but `path`. */
export class DirectDataset {
  readonly type = 'Dataset'
  readonly path: string
  readonly #view: FileView
  readonly #header: ObjectHeader
  #located: LocatedElements | undefined
  #metadata: (ElementType & { readonly shape: number[]; readonly total_size: number }) | undefined

  constructor(view: FileView, path: string, header: ObjectHeader) {
    this.path = path.startsWith('/') ? path : `/${path}`
    this.#view = view
    this.#header = header
  }

  get metadata() {
    this.#metadata ??= certain(() => {
      const shape = [...readDataspace(this.#open(MESSAGE.dataspace)).shape]
      const total_size = shape.reduce((product, length) => product * length, 1)
      return { ...readElementType(this.#open(MESSAGE.datatype)), shape, total_size }
    })
    return this.#metadata
  }

  get shape(): number[] {
    return this.metadata.shape
  }

  /** Numbers from the first to before the second position of each axis. */
  slice(ranges: readonly (readonly [number, number])[]): TypedArrayOf<DType> {
    return certain(() => {
      const dtype = readDatatype(this.#open(MESSAGE.datatype))
      const count = ranges.map(([from, to]) => to - from)
      const out = arrayOf(
        dtype,
        count.reduce((product, length) => product * length, 1),
      )
      const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength)
      this.#read(
        ranges.map(([from]) => from),
        count,
        bytes,
      )
      return out
    })
  }

  /** All strings; of one that is alone, too. */
  get value(): string[] {
    return certain(() => {
      const { type, size, shape, total_size } = this.metadata
      if (type !== CLASS.string) throw new Unsupported('values that are no strings')
      const elements = Buffer.alloc(size * total_size)
      this.#read(
        shape.map(() => 0),
        shape,
        elements,
      )
      return readStringElements(this.#view, elements, this.metadata)
    })
  }

  /** The index of its chunks is read once, however many slabs are asked for. */
  #read(start: readonly number[], count: readonly number[], out: Uint8Array): void {
    this.#located ??= locateElements(this.#view, this.path, this.#header, this.metadata.size)
    readSlab(this.#view.fd, this.#located, start, count, out, this.#view.file)
  }

  #open(type: number) {
    const message = messageOf(this.#header, type)
    if (message === undefined) throw new Unsupported('a dataset without type or shape')
    return message.open()
  }
}

/** The library has the last word on everything that fails. */
function certain<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unsupported || error instanceof TypeError) throw error
    throw new Unsupported(error instanceof Error ? error.message : String(error))
  }
}
