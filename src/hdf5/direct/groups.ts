import { Unsupported } from './errors.js'
import type { Cursor, FileView } from './file-view.js'
import { MESSAGE, type ObjectHeader } from './object-header.js'

/** Where a name in a group leads: to an object header, or by a soft link to another path. */
export type KnownLink = { readonly address: number } | { readonly target: string }
/** Or to `target` in another file. */
export type ExternalLink = { readonly file: string; readonly target: string }
export type Link = KnownLink | ExternalLink | { readonly userDefined: true }

/**
 * Looks `name` up in a group. Undefined: the group has no such member, or the object is not a group.
 * @throws Unsupported for dense link storage and links of a kind that a user defined.
 */
export function findLink(
  view: FileView,
  group: ObjectHeader,
  name: string,
): KnownLink | ExternalLink | undefined {
  const wanted = Buffer.from(name, 'utf8')
  for (const { type, open } of group.messages) {
    const body = open()
    if (type === MESSAGE.symbolTable) return findSymbol(view, body.address(), body.address(), wanted)
    if (type === MESSAGE.linkInfo) refuseDense(body)
    if (type !== MESSAGE.link) continue
    const [found, link] = readLink(body)
    if (found.equals(wanted)) return requireKnown(link)
  }
  return undefined
}

/**
 * All members of a group, in the order of their names' bytes; undefined if the object is not a group.
 * @throws Unsupported for dense link storage and groups that keep another order.
 */
export function listLinks(view: FileView, group: ObjectHeader): Map<string, Link> | undefined {
  let isGroup = false
  const found: [name: Buffer, link: Link][] = []
  for (const { type, open } of group.messages) {
    const body = open()
    if (type === MESSAGE.symbolTable) return new Map(textOf(allSymbols(view, body.address(), body.address())))
    if (type === MESSAGE.linkInfo) {
      isGroup = true
      refuseDense(body, true)
    }
    if (type === MESSAGE.link) found.push(readLink(body))
  }
  if (!isGroup && found.length === 0) return undefined
  return new Map(textOf(found.sort(([a], [b]) => Buffer.compare(a, b))))
}

function textOf(links: Iterable<readonly [Buffer, Link]>): [string, Link][] {
  return Array.from(links, ([name, link]) => [name.toString('utf8'), link])
}

/** @param ordered whether an order of creation, which the library would list by, is refused too. */
function refuseDense(body: Cursor, ordered = false): void {
  body.version(0)
  const flags = body.u8()
  if (ordered && flags & 2) throw new Unsupported('groups indexed by order of creation')
  if (flags & 1) body.skip(8) // highest creation order
  if (body.address() >= 0) throw new Unsupported('dense link storage')
}

/** @throws Unsupported for links that the direct reader does not follow. */
export function requireKnown(link: Link): KnownLink | ExternalLink {
  if ('userDefined' in link) throw new Unsupported('user-defined links')
  return link
}

function readLink(body: Cursor): [name: Buffer, link: Link] {
  body.version(1)
  const flags = body.u8()
  const type = flags & 0x08 ? body.u8() : 0
  if (flags & 0x04) body.skip(8) // creation order
  if (flags & 0x10) body.skip(1) // character set
  const name = body.take(body.uint(1 << (flags & 3)))
  if (type === 0) return [name, { address: body.address() }]
  if (type === 1) return [name, { target: body.take(body.u16()).toString('utf8') }]
  if (type === EXTERNAL) return [name, readExternal(body.slice(body.u16()))]
  return [name, { userDefined: true }]
}

const EXTERNAL = 64

/** Version and flags, then name of the file and path in it, each up to a zero. */
function readExternal(value: Cursor): ExternalLink {
  value.skip(1)
  return { file: value.text(), target: value.text() }
}

/** Descends the version-1 B-tree of an old-style group to the one leaf that can hold the name. */
function findSymbol(view: FileView, tree: number, heapAt: number, wanted: Buffer): KnownLink | undefined {
  const heap = readNames(view, heapAt)
  let address = tree
  for (let above = Infinity; above > 0; ) {
    const { node, used, level } = readNode(view, address, above)
    const child = findChild(node, used, heap, wanted)
    if (child === undefined) return undefined
    address = child
    above = level
  }
  for (const [name, link] of leafOf(view, address, heap)) if (name.equals(wanted)) return link
  return undefined
}

/** All names of an old-style group, which its B-tree keeps in their order. */
function* allSymbols(view: FileView, tree: number, heapAt: number): Generator<[Buffer, KnownLink]> {
  const heap = readNames(view, heapAt)
  function* below(address: number, above: number): Generator<[Buffer, KnownLink]> {
    if (above === 0) {
      yield* leafOf(view, address, heap)
      return
    }
    const { node, used, level } = readNode(view, address, above)
    node.skip(8)
    for (let i = 0; i < used; i++) {
      yield* below(node.address(), level)
      node.skip(8)
    }
  }
  yield* below(tree, Infinity)
}

/** A node of a group's B-tree: its keys and children. Levels fall by one to the leaves: a cycle cannot pass this. */
function readNode(
  view: FileView,
  address: number,
  above: number,
): { node: Cursor; used: number; level: number } {
  const head = view.read(address, 24, 'a group index')
  head.signature('TREE')
  if (head.u8() !== 0) throw head.damaged('is of the wrong kind')
  const level = head.u8()
  if (above !== Infinity && level !== above - 1) throw head.damaged('has nodes of wrong levels')
  const used = head.u16()
  return { node: view.read(address + 24, used * 16 + 8, 'a group index'), used, level }
}

/** Child i holds the names above key i up to and including key i + 1. */
function findChild(node: Cursor, used: number, heap: Cursor, wanted: Buffer): number | undefined {
  node.skip(8)
  for (let i = 0; i < used; i++) {
    const child = node.address()
    if (Buffer.compare(wanted, stringAt(heap, node.u64())) <= 0) return child
  }
  return undefined
}

function* leafOf(view: FileView, address: number, heap: Cursor): Generator<[Buffer, KnownLink]> {
  const head = view.read(address, 8, 'a symbol table')
  head.signature('SNOD')
  head.skip(2) // version, reserved
  const count = head.u16()
  const entries = view.read(address + 8, count * 40, 'a symbol table')
  for (let i = 0; i < count; i++) {
    const name = stringAt(heap, entries.u64())
    const header = entries.address()
    const cacheType = entries.u32()
    entries.skip(4)
    const scratch = entries.slice(16)
    yield [
      name,
      cacheType === 2 ? { target: stringAt(heap, scratch.u32()).toString('utf8') } : { address: header },
    ]
  }
}

/** A local heap: the strings of an old-style group, or the names of external files. */
export function readNames(view: FileView, address: number): Cursor {
  const head = view.read(address, 32, 'a name heap')
  head.signature('HEAP')
  head.skip(4) // version, reserved
  const length = head.u64()
  head.skip(8) // free list
  return view.read(head.address(), length, 'a name heap')
}

/** The bytes from `offset` to the next zero. */
export function stringAt(heap: Cursor, offset: number): Buffer {
  const end = offset < heap.bytes.length ? heap.bytes.indexOf(0, offset) : -1
  if (end < 0) throw heap.damaged('has a name without end')
  return heap.bytes.subarray(offset, end)
}
