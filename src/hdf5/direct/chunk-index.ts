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
  for (let i = 0; i < used; i++) {
    const size = node.u32()
    const filterMask = node.u32()
    if (found > 0) {
      node.skip(keyBytes - 8)
      readNode(table, node.address(), found - 1)
    } else {
      const number = readChunkNumber(table, node)
      table.set(number, node.address(), size, filterMask)
    }
  }
}

/** The chunk of a key, which holds the offset of its first element in every dimension, and 0 for the element's bytes. */
function readChunkNumber(table: ChunkTable, key: Cursor): number {
  const coordinates = table.chunkShape.map(size => {
    const offset = key.u64()
    if (offset % size !== 0) throw key.damaged('names a chunk off the grid')
    return offset / size
  })
  key.skip(8)
  const number = table.numberAt(coordinates)
  if (number < 0) throw key.damaged('names a chunk outside the dataset')
  return number
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
