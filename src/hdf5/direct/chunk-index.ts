import type { ChunkTable } from './chunk-table.js'
import { readExtensibleArray } from './extensible-array.js'
import type { Cursor } from './file-view.js'
import { readFixedArray } from './fixed-array.js'
import type { ChunkIndex } from './layout.js'

/**
 * Fills the table from the index.
 * @throws DataError for damage. @throws Unsupported for variants of indices that no writer makes.
 */
export function readChunkIndex(index: ChunkIndex, table: ChunkTable): void {
  if (index.address < 0 || table.total === 0) return
  switch (index.kind) {
    case 'btree1':
      readNode(table, index.address, undefined)
      break
    case 'single':
      table.set(0, index.address, index.size ?? table.chunkBytes, index.filterMask)
      break
    case 'implicit':
      readImplicit(table, index.address)
      break
    case 'fixedArray':
      readFixedArray(table, index.address)
      break
    case 'extensibleArray':
      readExtensibleArray(table, index.address)
  }
}

/** A node of a version-1 B-tree of chunks and all nodes below. `level`: what it must be; undefined for the root. */
function readNode(table: ChunkTable, address: number, level: number | undefined): void {
  const { view, chunkShape } = table
  const head = view.read(address, 24, 'a chunk index')
  head.signature('TREE')
  if (head.u8() !== 1) throw head.damaged('is of the wrong kind')
  const found = head.u8()
  // Levels fall by one from the root to the leaves: a cycle cannot pass this.
  if (level !== undefined && found !== level) throw head.damaged('has nodes of wrong levels')
  const used = head.u16()
  const keyBytes = 8 + 8 * (chunkShape.length + 1)
  const node = view.read(address + 24, used * (keyBytes + 8), 'a chunk index')
  if (found === 0) readLeaf(table, node, used, keyBytes)
  else
    for (let i = 0; i < used; i++) {
      node.skip(keyBytes)
      readNode(table, node.address(), found - 1)
    }
}

/**
 * The chunks of a leaf: bytes in the file, filter mask, offset of the first element in every dimension and 0 for the
 * element's bytes, address. A run has thousands of them, met by code that is not warm yet: no array is made for one.
 */
function readLeaf(table: ChunkTable, node: Cursor, used: number, keyBytes: number): void {
  const { chunkShape, counts, view } = table
  const { buffer, byteOffset, byteLength } = node.bytes
  const words = new DataView(buffer, byteOffset, byteLength)
  const u64 = (at: number): number => {
    const high = words.getUint32(at + 4, true)
    // 2^53 and more: nothing that is in a file.
    return high < 0x200000 ? high * 2 ** 32 + words.getUint32(at, true) : Number.NaN
  }
  for (let i = 0; i < used; i++) {
    const key = i * (keyBytes + 8)
    let number = 0
    for (let d = 0; d < chunkShape.length; d++) {
      const coordinate = u64(key + 8 + 8 * d) / (chunkShape[d] ?? 1)
      if (!Number.isInteger(coordinate)) throw node.damaged('names a chunk off the grid')
      const count = counts[d] ?? 0
      if (coordinate >= count) throw node.damaged('names a chunk outside the dataset')
      number = number * count + coordinate
    }
    const address = u64(key + keyBytes)
    if (Number.isNaN(address)) throw node.damaged('has a chunk without an address')
    table.set(number, address + view.base, words.getUint32(key, true), words.getUint32(key + 4, true))
  }
}

/** All chunks one after the other, for the dataset as it may grow. */
function readImplicit(table: ChunkTable, address: number): void {
  const { maxCounts, chunkBytes, view } = table
  const total = maxCounts.reduce((product, count) => product * count, 1)
  if (address + total * chunkBytes > view.size) throw view.damaged('its chunks lie outside the file')
  const coordinates = maxCounts.map(() => 0)
  for (let i = 0; i < total; i++) {
    const number = table.numberAt(coordinates)
    if (number >= 0) table.set(number, address + i * chunkBytes, chunkBytes, 0)
    increment(coordinates, maxCounts)
  }
}

/** The next coordinates in row-major order. */
function increment(coordinates: number[], counts: readonly number[]): void {
  for (let d = counts.length - 1; d >= 0; d--) {
    const next = (coordinates[d] ?? 0) + 1
    coordinates[d] = next < (counts[d] ?? 0) ? next : 0
    if (next < (counts[d] ?? 0)) return
  }
}
