import { chunkParts } from './chunk-grid.js'
import { inSource, overlap } from './overlap.js'
import type { ChunkedStorage, LocatedElements, Piece } from './types.js'

/**
 * Which positions along an axis of a dataset were not written, wholly or in part: there is nothing in the file for them, and
 * they read as the fill value. Undefined: none. What was allocated in advance counts as written, for a file does not tell
 * it apart.
 * @param axis the first, rows, unless it is said.
 * @returns one element a position, 1: not written.
 */
export function rowsNotWritten(located: LocatedElements, axis = 0): Uint8Array | undefined {
  const { shape, storage } = located
  const rows = shape[axis] ?? 0
  if (shape.length === 0 || shape.includes(0)) return undefined
  if (storage.kind === 'compact') return undefined
  if (storage.kind === 'contiguous') return storage.address < 0 ? new Uint8Array(rows).fill(1) : undefined
  if (storage.kind === 'chunked') return rowsWithoutChunks(storage, shape, axis)
  const zeros = shape.map(() => 0)
  const missing = Uint8Array.from({ length: rows }, (_, row) =>
    isWritten(located, zeros.with(axis, row), shape.with(axis, 1)) ? 0 : 1,
  )
  return missing.includes(1) ? missing : undefined
}

function rowsWithoutChunks(
  { addresses, chunkShape }: ChunkedStorage,
  shape: readonly number[],
  axis: number,
): Uint8Array | undefined {
  const height = chunkShape[axis] ?? 1
  const layers = Math.ceil((shape[axis] ?? 0) / height)
  const chunks = shape
    .slice(axis + 1)
    .reduce((product, length, d) => product * Math.ceil(length / (chunkShape[axis + 1 + d] ?? 1)), 1)
  let missing: Uint8Array | undefined
  for (let number = 0; number < addresses.length; number++) {
    if ((addresses[number] ?? -1) >= 0) continue
    missing ??= new Uint8Array(shape[axis] ?? 0)
    const first = (Math.floor(number / chunks) % layers) * height
    missing.fill(1, first, first + height)
  }
  return missing
}

/** Whether all of the slab was written. */
function isWritten(located: LocatedElements, start: readonly number[], count: readonly number[]): boolean {
  const { shape, elementBytes, storage } = located
  switch (storage.kind) {
    case 'compact':
      return true
    case 'contiguous':
      return storage.address >= 0
    case 'chunked':
      for (const { number } of chunkParts({ ...storage, shape, elementBytes }, start, count))
        if ((storage.addresses[number] ?? -1) < 0) return false
      return true
    case 'elsewhere':
      return isCovered(storage.pieces, start, count)
  }
}

/** Whether pieces that were written have all of the slab. */
function isCovered(pieces: readonly Piece[], start: readonly number[], count: readonly number[]): boolean {
  let left = count.reduce((product, length) => product * length, 1)
  for (const piece of pieces) {
    const common = overlap(piece, start, count)
    if (common === undefined) continue
    const taken = inSource(piece, common)
    if (!isWritten(piece.located, taken.start, taken.count)) return false
    left -= common.count.reduce((product, length) => product * length, 1)
  }
  return left <= 0
}
