import { closeSync, openSync } from 'node:fs'
import type { Hdf5File } from '../file.js'
import { DirectDataset } from './dataset.js'
import { certain, Unsupported } from './errors.js'
import { FileView } from './file-view.js'
import { type Link, listLinks, requireKnown } from './groups.js'
import { messageOf } from './locate.js'
import { MESSAGE, type ObjectHeader, readObjectHeader } from './object-header.js'
import { type Found, follow } from './paths.js'
import { notThere, withSource } from './source-file.js'
import { readSuperblock } from './superblock.js'

/** What is at a path: a dataset, or a group's members. */
type DirectObject = DirectDataset | ReadonlyMap<string, Link>

/**
 * Groups and small datasets of a file, read without the library and many times faster. Whatever it does not know for
 * certain, damage included, is {@link Unsupported}: then the library is to be asked.
 */
export class DirectFile implements Hdf5File {
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

  /** @throws Unreadable if `path` leads to a file, or an object in it, that is not there. @throws Unsupported */
  dataset(path: string): DirectDataset | undefined {
    const found = this.#get(path)
    return found instanceof DirectDataset ? found : undefined
  }

  names(path: string): readonly string[] | undefined {
    const found = this.#get(path)
    return found instanceof Map ? [...found.keys()] : undefined
  }

  isGroup(path: string): boolean {
    return this.#get(path) instanceof Map
  }

  softLink(path: string): string | undefined {
    return certain(() => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const group = this.#follow(path.slice(0, -name.length))
      const link = 'address' in group ? this.#membersOf(group.address)?.get(name) : undefined
      return link && 'target' in link && !('file' in link) ? link.target : undefined
    }, path)
  }

  externalLink(path: string): string | undefined {
    const found = certain(() => this.#follow(path), path)
    return 'file' in found ? found.file : undefined
  }

  /** @throws Unsupported */
  attribute(): never {
    throw new Unsupported('attributes')
  }

  /** @throws Unsupported */
  attributes(): never {
    return this.attribute()
  }

  #get(path: string): DirectObject | undefined {
    return certain(() => {
      const found = this.#follow(path)
      if ('missing' in found) return undefined
      if ('file' in found) return this.#throughLink(found)
      const { address } = found
      const header = this.#header(address)
      return messageOf(header, MESSAGE.layout)
        ? new DirectDataset(this.#view, path, header)
        : this.#membersOf(address)
    }, path)
  }

  #follow(path: string): Found {
    return follow(this.#view, this.#root, path, (group, name) => {
      const link = this.#membersOf(group)?.get(name)
      return link && requireKnown(link)
    })
  }

  #throughLink({ file, target, rest }: Extract<Found, { file: string }>): DirectObject | undefined {
    const view = this.#view
    const path = withSource(view, file, 'external link', source => source.file)
    const linked = this.#linked.get(path) ?? DirectFile.open(path, view.depth + 1)
    this.#linked.set(path, linked)
    if (linked.#get(target) === undefined)
      throw notThere(view, `external link: there is no ${target} in ${path}`)
    return linked.#get(rest === '' ? target : `${target}/${rest}`)
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
