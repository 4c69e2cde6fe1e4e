import { type EntryFormat, EntryReader, entryFormat } from './array-entries.js'
import type { ChunkTable } from './chunk-table.js'
import type { Cursor, FileView } from './file-view.js'
import { bitAt } from './fixed-array.js'

/** What all blocks of one array have in common. */
interface ExtensibleArray {
  readonly view: FileView
  readonly format: EntryFormat
  readonly entries: EntryReader
  /** Bytes of the field "number of the block's first element". */
  readonly offsetBytes: number
  /** Data blocks of more elements than this are stored in pages of so many. */
  readonly pageElements: number
}

const WHAT = 'a chunk array'

/**
 * The index of datasets with one unlimited dimension. An index block holds the first elements, then the addresses of
 * data blocks, then those of super blocks, which hold addresses of ever more and larger data blocks: super block u
 * has 2^⌊u/2⌋ data blocks of 2^⌈u/2⌉ times the smallest size.
 */
export function readExtensibleArray(table: ChunkTable, address: number): void {
  const { view } = table
  const head = view.readChecked(address, 68, WHAT)
  head.signature('EAHD')
  head.version(0)
  const format = entryFormat(head, head.u8(), head.u8(), table)
  const maxBits = head.u8()
  const indexElements = head.u8()
  const minElements = head.u8()
  const minPointers = head.u8()
  const pageBits = head.u8()
  head.skip(4 * 8) // numbers and bytes of super and data blocks
  const used = head.u64()
  head.skip(8) // elements there is room for
  const indexAddress = head.address()
  const sound =
    isPowerOfTwo(minElements) && isPowerOfTwo(minPointers) && maxBits <= 48 && pageBits >= 1 && pageBits <= 30
  const superBlocks = 1 + maxBits - Math.log2(minElements)
  const directBlocks = 2 * Math.log2(minPointers)
  if (!sound || directBlocks > superBlocks) throw head.damaged('has impossible block sizes')
  if (indexAddress < 0) return

  const entries = new EntryReader(table, format)
  const offsetBytes = Math.ceil(maxBits / 8)
  const array = { view, format, entries, offsetBytes, pageElements: 2 ** pageBits }
  const pointers = 2 * (minPointers - 1) + superBlocks - directBlocks
  const index = view.readChecked(indexAddress, 14 + indexElements * format.bytes + pointers * 8, WHAT)
  index.signature('EAIB')
  index.skip(2 + 8) // version, client, address of the header
  entries.read(index, 0, indexElements)
  let first = indexElements
  for (let u = 0; u < superBlocks && first < used; u++) {
    const blocks = 2 ** (u >> 1)
    const elements = minElements * 2 ** ((u + 1) >> 1)
    if (u < directBlocks) readDirect(array, index, first, blocks, elements)
    else readSuperBlock(array, index.address(), first, blocks, elements)
    first += blocks * elements
  }
}

/** Data blocks whose addresses are in the index block: the smallest ones, never in pages. */
function readDirect(
  array: ExtensibleArray,
  index: Cursor,
  first: number,
  blocks: number,
  elements: number,
): void {
  for (let b = 0; b < blocks; b++) readBlock(array, index.address(), first + b * elements, elements)
}

function readSuperBlock(
  array: ExtensibleArray,
  address: number,
  first: number,
  blocks: number,
  elements: number,
): void {
  if (address < 0) return
  const pages = elements > array.pageElements ? elements / array.pageElements : 0
  const bitmapBytes = blocks * Math.ceil(pages / 8)
  const block = array.view.readChecked(address, 14 + array.offsetBytes + bitmapBytes + blocks * 8, WHAT)
  block.signature('EASB')
  block.skip(2 + 8 + array.offsetBytes) // version, client, address of the header, first element
  const bitmap = block.take(bitmapBytes)
  for (let b = 0; b < blocks; b++) {
    const data = block.address()
    const at = first + b * elements
    if (pages === 0) readBlock(array, data, at, elements)
    else readPages(array, data, at, pages, page => bitAt(bitmap, b * pages + page))
  }
}

function readBlock(array: ExtensibleArray, address: number, first: number, elements: number): void {
  if (address < 0) return
  const prefixBytes = 14 + array.offsetBytes
  const block = array.view.readChecked(address, prefixBytes + elements * array.format.bytes, WHAT)
  block.signature('EADB')
  block.at = prefixBytes
  array.entries.read(block, first, elements)
}

function readPages(
  array: ExtensibleArray,
  address: number,
  first: number,
  pages: number,
  written: (page: number) => boolean,
): void {
  if (address < 0) return
  const { view, pageElements, entries } = array
  const prefixBytes = 14 + array.offsetBytes
  view.readChecked(address, prefixBytes, WHAT).signature('EADB')
  const pageBytes = pageElements * array.format.bytes
  for (let page = 0; page < pages; page++) {
    if (!written(page)) continue
    const at = address + prefixBytes + 4 + page * (pageBytes + 4)
    entries.read(view.readChecked(at, pageBytes, WHAT), first + page * pageElements, pageElements)
  }
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0
}
