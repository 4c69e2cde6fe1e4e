import { closeSync, openSync } from 'node:fs'
import { arrayOf, type DType, type TypedArrayOf } from '../../model/dtypes.js'
import { CLASS, type ElementType, readElementType } from './datatype.js'
import { Unreadable, Unsupported } from './errors.js'
import { FileView } from './file-view.js'
import { type Link, listLinks, requireKnown } from './groups.js'
import { readLayout } from './layout.js'
import { locateElements, messageOf } from './locate.js'
import { readDataspace, readDatatype } from './messages.js'
import { MESSAGE, type ObjectHeader, readObjectHeader } from './object-header.js'
import { type Found, follow } from './paths.js'
import { readSlab } from './read-slab.js'
import { notThere, withSource } from './source-file.js'
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
  /** Files that external links lead to. */
  readonly #linked = new Map<string, DirectFile>()

  private constructor(view: FileView) {
    this.#view = view
    const { root, inUse } = readSuperblock(view)
    if (inUse) throw new Unsupported('files that are being written')
    this.#root = root
  }

  /** @throws Unsupported */
  static open(path: string, depth = 0): DirectFile {
    return certain(() => {
      const fd = openSync(path, 'r')
      try {
        return new DirectFile(new FileView(fd, path, '/', depth))
      } catch (error) {
        closeSync(fd)
        throw error
      }
    })
  }

  close(): void {
    closeSync(this.#view.fd)
    for (const file of this.#linked.values()) file.close()
    this.#linked.clear()
  }

  /**
   * What `path` leads to, links followed; null if it leads nowhere.
   * @throws Unreadable if it leads to a file, or an object in it, that is not there. @throws Unsupported
   */
  get(path: string): DirectGroup | DirectDataset | null {
    return certain(() => {
      const found = this.#find(path)
      if ('missing' in found) return null
      if ('file' in found) return this.#throughLink(found)
      const { address } = found
      const header = this.#header(address)
      if (messageOf(header, MESSAGE.layout)) return new DirectDataset(this.#view, path, header)
      const members = this.#membersOf(address)
      return members ? { type: 'Group', keys: () => [...members.keys()] } : null
    }, path)
  }

  #find(path: string): Found {
    return follow(this.#view, this.#root, path, (group, name) => {
      const link = this.#membersOf(group)?.get(name)
      return link && requireKnown(link)
    })
  }

  #throughLink({ file, target, rest }: Extract<Found, { file: string }>): DirectGroup | DirectDataset | null {
    const view = this.#view
    const path = withSource(view, file, 'external link', source => source.file)
    const linked = this.#linked.get(path) ?? DirectFile.open(path, view.depth + 1)
    this.#linked.set(path, linked)
    if (linked.get(target) === null) throw notThere(view, `external link: there is no ${target} in ${path}`)
    return linked.get(rest === '' ? target : `${target}/${rest}`)
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
      const type = readElementType(this.#open(MESSAGE.datatype))
      // The sources of a virtual dataset may make it longer than it says.
      const virtual = readLayout(this.#open(MESSAGE.layout)).kind === 'virtual'
      const { shape: found } = virtual
        ? this.#locate(type.size)
        : readDataspace(this.#open(MESSAGE.dataspace))
      const shape = [...found]
      const total_size = shape.reduce((product, length) => product * length, 1)
      return { ...type, shape, total_size }
    }, this.path)
    return this.#metadata
  }

  get shape(): number[] {
    return this.metadata.shape
  }

  /**
   * Makes sure that whatever of it lies in other files is there.
   * @throws Unreadable naming the source that is not. @throws Unsupported for references that it cannot judge.
   */
  lookElsewhere(): void {
    certain(() => {
      const outside = messageOf(this.#header, MESSAGE.externalFiles) !== undefined
      if (outside || readLayout(this.#open(MESSAGE.layout)).kind === 'virtual')
        this.#locate(readElementType(this.#open(MESSAGE.datatype)).size)
    }, this.path)
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
    }, this.path)
  }

  /** All strings; of one that is alone, too. */
  get value(): string[] {
    return certain(() => {
      const { type, size, shape, total_size } = this.metadata
      if (type !== CLASS.string) throw new Unsupported('values that are no strings')
      // Where a string lies is told within its own file.
      if (this.metadata.vlen && this.#locate(size).storage.kind === 'elsewhere')
        throw new Unsupported('strings of virtual datasets')
      const elements = Buffer.alloc(size * total_size)
      this.#read(
        shape.map(() => 0),
        shape,
        elements,
      )
      return readStringElements(this.#view, elements, this.metadata)
    }, this.path)
  }

  /** The index of its chunks is read once, however many slabs are asked for. */
  #read(start: readonly number[], count: readonly number[], out: Uint8Array): void {
    readSlab(this.#view.fd, this.#locate(this.metadata.size), start, count, out, this.#view.file)
  }

  #locate(elementBytes: number): LocatedElements {
    this.#located ??= locateElements(this.#view, this.path, this.#header, elementBytes)
    return this.#located
  }

  #open(type: number) {
    const message = messageOf(this.#header, type)
    if (message === undefined) throw new Unsupported('a dataset without type or shape')
    return message.open()
  }
}

/**
 * The library has the last word on everything that fails, but for what nobody can read.
 * @param dataset what was asked for, for messages.
 */
function certain<T>(read: () => T, dataset?: string): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unreadable) throw dataset === undefined ? error : at(error, dataset)
    if (error instanceof Unsupported || error instanceof TypeError) throw error
    throw new Unsupported(error instanceof Error ? error.message : String(error))
  }
}

/** The file's view is not of one dataset: who asks knows which it is. */
function at({ message, place, hint }: Unreadable, dataset: string): Unreadable {
  const there = place.dataset === '/' ? { ...place, dataset: dataset.replace(/^\//, '') } : place
  return new Unreadable(message, { place: there, ...(hint === undefined ? {} : { hint }) })
}
