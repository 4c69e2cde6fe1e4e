import { Unsupported } from './errors.js'
import type { Cursor, FileView } from './file-view.js'
import { MESSAGE, type ObjectHeader } from './object-header.js'

/** Where a name in a group leads: to an object header, or by a soft link to another path. */
export type Link = { readonly address: number } | { readonly target: string }

/**
 * Looks `name` up in a group. Undefined: the group has no such member, or the object is not a group.
 * @throws Unsupported for dense link storage and external links.
 */
export function findLink(view: FileView, group: ObjectHeader, name: string): Link | undefined {
  const wanted = Buffer.from(name, 'utf8')
  for (const { type, open } of group.messages) {
    const body = open()
    if (type === MESSAGE.symbolTable) return findSymbol(view, body.address(), body.address(), wanted)
    if (type === MESSAGE.linkInfo) refuseDense(body)
    if (type !== MESSAGE.link) continue
    const link = readLink(body, wanted)
    if (link !== undefined) return link
  }
  return undefined
}

function refuseDense(body: Cursor): void {
  body.version(0)
  if (body.u8() & 1) body.skip(8) // highest creation order
  if (body.address() >= 0) throw new Unsupported('dense link storage')
}

function readLink(body: Cursor, wanted: Buffer): Link | undefined {
  body.version(1)
  const flags = body.u8()
  const type = flags & 0x08 ? body.u8() : 0
  if (flags & 0x04) body.skip(8) // creation order
  if (flags & 0x10) body.skip(1) // character set
  if (!body.take(body.uint(1 << (flags & 3))).equals(wanted)) return undefined
  if (type === 0) return { address: body.address() }
  if (type === 1) return { target: body.take(body.u16()).toString('utf8') }
  throw new Unsupported('external and user-defined links')
}

/** Descends the version-1 B-tree of an old-style group to the one leaf that can hold the name. */
function findSymbol(view: FileView, tree: number, heapAt: number, wanted: Buffer): Link | undefined {
  const heap = readHeap(view, heapAt)
  let address = tree
  let level = Infinity
  while (level > 0) {
    const head = view.read(address, 24, 'a group index')
    head.signature('TREE')
    if (head.u8() !== 0) throw head.damaged('is of the wrong kind')
    const found = head.u8()
    // Levels fall by one from the root to the leaves: a cycle cannot pass this.
    if (level !== Infinity && found !== level - 1) throw head.damaged('has nodes of wrong levels')
    level = found
    const used = head.u16()
    const node = view.read(address + 24, used * 16 + 8, 'a group index')
    const child = findChild(node, used, heap, wanted)
    if (child === undefined) return undefined
    address = child
  }
  return findInLeaf(view, address, heap, wanted)
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

function findInLeaf(view: FileView, address: number, heap: Cursor, wanted: Buffer): Link | undefined {
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
    if (!name.equals(wanted)) continue
    return cacheType === 2 ? { target: stringAt(heap, scratch.u32()).toString('utf8') } : { address: header }
  }
  return undefined
}

/** The strings of an old-style group. */
function readHeap(view: FileView, address: number): Cursor {
  const head = view.read(address, 32, 'a name heap')
  head.signature('HEAP')
  head.skip(4) // version, reserved
  const length = head.u64()
  head.skip(8) // free list
  return view.read(head.address(), length, 'a name heap')
}

/** The bytes from `offset` to the next zero. */
function stringAt(heap: Cursor, offset: number): Buffer {
  const end = offset < heap.bytes.length ? heap.bytes.indexOf(0, offset) : -1
  if (end < 0) throw heap.damaged('has a name without end')
  return heap.bytes.subarray(offset, end)
}
