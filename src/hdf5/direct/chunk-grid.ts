/** One chunk of a dataset. */
export interface Chunk {
  /** Row-major number in the grid. */
  readonly number: number
  /** Index of its first element. */
  readonly origin: readonly number[]
}

/** The chunks that a slab touches, in row-major order. */
export function* chunksWithin(
  shape: readonly number[],
  chunkShape: readonly number[],
  start: readonly number[],
  count: readonly number[],
): Generator<Chunk> {
  const size = (d: number): number => chunkShape[d] ?? 1
  const first = start.map((at, d) => Math.floor(at / size(d)))
  const last = start.map((at, d) => Math.floor((at + (count[d] ?? 0) - 1) / size(d)))
  const counts = shape.map((length, d) => Math.ceil(length / size(d)))
  const at = [...first]
  for (;;) {
    const number = at.reduce((sum, coordinate, d) => sum * (counts[d] ?? 0) + coordinate, 0)
    yield { number, origin: at.map((coordinate, d) => coordinate * size(d)) }
    let d = at.length - 1
    while (d >= 0 && at[d] === last[d]) {
      at[d] = first[d] ?? 0
      d--
    }
    if (d < 0) return
    at[d] = (at[d] ?? 0) + 1
  }
}
