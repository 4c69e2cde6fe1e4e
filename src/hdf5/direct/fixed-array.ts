import { EntryReader, entryFormat } from './array-entries.js'
import type { ChunkTable } from './chunk-table.js'

/** The index of datasets of fixed maximum shape: one element a chunk, in pages where there are many. */
export function readFixedArray(table: ChunkTable, address: number): void {
  const { view } = table
  const head = view.readChecked(address, 24, 'a chunk array')
  head.signature('FAHD')
  head.version(0)
  const format = entryFormat(head, head.u8(), head.u8(), table)
  const pageBits = head.u8()
  const elements = head.u64()
  const block = head.address()
  if (block < 0) return
  if (pageBits < 1 || pageBits > 30) throw head.damaged(`has pages of 2^${pageBits} elements`)
  const entries = new EntryReader(table, format)
  const pageElements = 2 ** pageBits
  const paged = elements > pageElements
  const bitmapBytes = paged ? Math.ceil(Math.ceil(elements / pageElements) / 8) : 0
  const prefixBytes = 14 + bitmapBytes
  const data = view.readChecked(block, prefixBytes + (paged ? 0 : elements * format.bytes), 'a chunk array')
  data.signature('FADB')
  data.skip(2 + 8) // version, client, address of the header
  if (!paged) {
    entries.read(data, 0, elements)
    return
  }
  const bitmap = data.take(bitmapBytes)
  for (let page = 0; page * pageElements < elements; page++) {
    if (!bitAt(bitmap, page)) continue
    const first = page * pageElements
    const count = Math.min(pageElements, elements - first)
    const at = block + prefixBytes + 4 + page * (pageElements * format.bytes + 4)
    entries.read(view.readChecked(at, count * format.bytes, 'a chunk array'), first, count)
  }
}

/** Bit `index`, the highest of each byte first: page bitmaps say which pages were ever written. */
export function bitAt(bitmap: Uint8Array, index: number): boolean {
  return ((bitmap[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0
}
