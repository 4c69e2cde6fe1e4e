import type { Piece } from './types.js'

/** The part of the slab `start … start + count − 1` that a piece has, in the dataset's coordinates. */
export function overlap(
  { target, count: size }: Pick<Piece, 'target' | 'count'>,
  start: readonly number[],
  count: readonly number[],
): { readonly start: number[]; readonly count: number[] } | undefined {
  const first: number[] = []
  const length: number[] = []
  for (let d = 0; d < start.length; d++) {
    const from = Math.max(start[d] ?? 0, target[d] ?? 0)
    const to = Math.min((start[d] ?? 0) + (count[d] ?? 0), (target[d] ?? 0) + (size[d] ?? 0))
    if (to <= from) return undefined
    first.push(from)
    length.push(to - from)
  }
  return { start: first, count: length }
}

/** The same part in the coordinates of the piece's source. */
export function inSource(
  { source, target, axes }: Pick<Piece, 'source' | 'target' | 'axes'>,
  { start, count }: { readonly start: readonly number[]; readonly count: readonly number[] },
): { readonly start: number[]; readonly count: number[] } {
  return {
    start: source.map((at, s) => {
      const d = axes[s] ?? -1
      return d < 0 ? at : at + (start[d] ?? 0) - (target[d] ?? 0)
    }),
    count: axes.map(d => (d < 0 ? 1 : (count[d] ?? 1))),
  }
}
