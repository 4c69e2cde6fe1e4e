import { stridesOf } from './box.js'

/** A dataset cut into chunks. */
export interface ChunkGrid {
  readonly shape: readonly number[]
  readonly chunkShape: readonly number[]
  readonly elementBytes: number
}

/** What of a slab lies in one chunk. */
export interface ChunkPart {
  /** Row-major number of the chunk in the grid. */
  readonly number: number
  /** Elements along each dimension: the same array for parts that follow each other with the same numbers. */
  readonly count: readonly number[]
  /** Byte of its first element in the chunk, and in the slab; both in C order without gaps. */
  readonly inChunk: number
  readonly inSlab: number
}

/** Along one dimension: what it adds to a {@link ChunkPart}. */
interface Piece {
  readonly number: number
  readonly count: number
  readonly inChunk: number
  readonly inSlab: number
}

/** The slab `start … start + count − 1`, none of it empty, chunk by chunk in row-major order. */
export function* chunkParts(
  grid: ChunkGrid,
  start: readonly number[],
  count: readonly number[],
): Generator<ChunkPart> {
  // Sums over dimensions, each cut once: a slab may touch thousands of chunks.
  const pieces = piecesOf(grid, start, count)
  const at = pieces.map(() => 0)
  let counts: number[] = []
  for (;;) {
    let [number, inChunk, inSlab] = [0, 0, 0]
    for (let d = 0; d < pieces.length; d++) {
      const piece = pieces[d]?.[at[d] ?? 0]
      if (piece === undefined) return
      number += piece.number
      inChunk += piece.inChunk
      inSlab += piece.inSlab
      if (counts[d] !== piece.count) {
        counts = [...counts]
        counts[d] = piece.count
      }
    }
    yield { number, count: counts, inChunk, inSlab }
    let d = at.length - 1
    while (d >= 0 && (at[d] ?? 0) + 1 === pieces[d]?.length) at[d--] = 0
    if (d < 0) return
    at[d] = (at[d] ?? 0) + 1
  }
}

function piecesOf(
  { shape, chunkShape, elementBytes }: ChunkGrid,
  start: readonly number[],
  count: readonly number[],
): Piece[][] {
  const size = (d: number): number => chunkShape[d] ?? 1
  const chunks = stridesOf(
    shape.map((length, d) => Math.ceil(length / size(d))),
    1,
  )
  const bytes = [stridesOf(chunkShape, elementBytes), stridesOf(count, elementBytes)]
  return start.map((first, d) => {
    const [chunkStride = 0, slabStride = 0] = bytes.map(strides => strides[d])
    const end = first + (count[d] ?? 0)
    const pieces: Piece[] = []
    for (let chunk = Math.floor(first / size(d)); chunk * size(d) < end; chunk++) {
      const from = Math.max(first, chunk * size(d))
      pieces.push({
        number: chunk * (chunks[d] ?? 0),
        count: Math.min(end, (chunk + 1) * size(d)) - from,
        inChunk: (from - chunk * size(d)) * chunkStride,
        inSlab: (from - first) * slabStride,
      })
    }
    return pieces
  })
}
