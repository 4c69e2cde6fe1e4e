import type { StoredType } from './datatype.js'
import { Cursor, type FileView } from './file-view.js'

/** Objects of heaps by address of the heap, then number. */
type Heaps = Map<number, ReadonlyMap<number, Buffer>>

/**
 * The strings that elements of a dataset are: as they lie, or references to a heap. None is longer than to its first zero.
 * @throws DataError if a reference leads nowhere.
 */
export function readStringElements(
  view: FileView,
  elements: Buffer,
  { bytes: size, vlen, utf8 }: StoredType,
): string[] {
  const count = size === 0 ? 0 : Math.floor(elements.length / size)
  const heaps: Heaps = new Map()
  return Array.from({ length: count }, (_, i) => {
    const element = elements.subarray(i * size, (i + 1) * size)
    const bytes = vlen ? inHeap(view, new Cursor(element, view, 'a string'), heaps) : element
    const end = bytes.indexOf(0)
    return bytes.toString(utf8 ? 'utf8' : 'latin1', 0, end < 0 ? bytes.length : end)
  })
}

/** Length, address of the heap, number of the object; a string that was never written has none. */
function inHeap(view: FileView, reference: Cursor, heaps: Heaps): Buffer {
  const length = reference.u32()
  const address = reference.address()
  const number = reference.u32()
  if (length === 0 || address < 0 || number === 0) return Buffer.alloc(0)
  const heap = heaps.get(address) ?? readHeap(view, address)
  heaps.set(address, heap)
  const bytes = heap.get(number)
  if (bytes === undefined || bytes.length < length) throw reference.damaged('is not where it should be')
  return bytes.subarray(0, length)
}

/** The objects of a global heap by number. */
export function readHeap(view: FileView, address: number): ReadonlyMap<number, Buffer> {
  const head = view.read(address, 16, 'a heap')
  head.signature('GCOL')
  head.version(1)
  head.skip(3)
  const heap = view.read(address + 16, head.u64() - 16, 'a heap')
  const objects = new Map<number, Buffer>()
  while (heap.left >= 16) {
    const number = heap.u16()
    heap.skip(6) // count of references, reserved
    const length = heap.u64()
    // The rest is free.
    if (number === 0) break
    objects.set(number, heap.take(length))
    heap.skip(Math.min(heap.left, -length & 7))
  }
  return objects
}
