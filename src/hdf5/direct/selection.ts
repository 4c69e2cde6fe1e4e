import { Unsupported } from './errors.js'
import type { Cursor } from './file-view.js'

/** Indices along one dimension that lie side by side. */
export interface IndexRun {
  readonly start: number
  readonly count: number
}

/** As HDF5 states a regular hyperslab: `count` blocks, one every `stride`. Infinity: as many as there are. */
export interface Steps {
  readonly start: number
  readonly stride: number
  readonly count: number
  readonly block: number
}

/** Which elements of a dataspace are meant, a product over its dimensions; `all` of them, or none. */
export type DataspaceSelection =
  | 'all'
  | 'none'
  | { readonly kind: 'steps'; readonly steps: readonly Steps[] }
  | { readonly kind: 'runs'; readonly runs: readonly (readonly IndexRun[])[] }

/** More blocks along a dimension, or boxes of a selection, are not worth listing. */
export const MOST_RUNS = 2 ** 18

/**
 * A selection as it is stored in a file.
 * @throws Unsupported for points, and blocks that are no product over the dimensions.
 */
export function readSelection(body: Cursor): DataspaceSelection {
  const type = body.u32()
  const version = body.u32()
  switch (type) {
    case 0:
    case 3:
      body.skip(8)
      return type === 0 ? 'none' : 'all'
    case 2:
      return readHyperslab(body, version)
    default:
      throw new Unsupported(`selections of type ${type}`)
  }
}

function readHyperslab(body: Cursor, version: number): DataspaceSelection {
  if (version === 1) {
    body.skip(8) // reserved, length
    return readBlocks(body, body.u32(), 4)
  }
  if (version !== 2 && version !== 3) throw new Unsupported(`hyperslab selections of version ${version}`)
  const regular = (body.u8() & 1) !== 0
  let width = 8
  if (version === 2) body.skip(4)
  else width = body.u8()
  const rank = body.u32()
  if (!regular) return readBlocks(body, rank, width)
  if (rank > 32) throw body.damaged('has a selection of too many dimensions')
  const unlimited = 2 ** (8 * width) - 1
  const field = (): number => {
    if (width === 8) return body.u64()
    const value = body.uint(width)
    return value === unlimited ? Infinity : value
  }
  const steps = Array.from({ length: rank }, () => ({
    start: field(),
    stride: field(),
    count: field(),
    block: field(),
  }))
  return { kind: 'steps', steps }
}

/** First and last corner of each block. They must be all combinations of runs along the dimensions. */
function readBlocks(body: Cursor, rank: number, width: number): DataspaceSelection {
  if (rank > 32) throw body.damaged('has a selection of too many dimensions')
  const blocks = body.uint(width)
  if (blocks * rank * 2 * width > body.left) throw body.damaged('ends too early')
  const found = Array.from({ length: rank }, () => new Map<number, number>())
  const seen = new Set<string>()
  for (let i = 0; i < blocks; i++) {
    const starts = found.map(() => body.uint(width))
    const ends = found.map(() => body.uint(width))
    seen.add(String(starts))
    found.forEach((runs, d) => {
      const [start = 0, end = 0] = [starts[d], ends[d]]
      if (end < start) throw body.damaged('has a block that ends before it begins')
      if ((runs.get(start) ?? end) !== end) throw new Unsupported('selections of blocks of several sizes')
      runs.set(start, end)
    })
  }
  const product = found.reduce((count, runs) => count * runs.size, 1)
  if (seen.size !== blocks || product !== blocks)
    throw new Unsupported('selections that are not a grid of blocks')
  const runs = found.map(ends =>
    joined([...ends].sort(([a], [b]) => a - b).map(([start, end]) => ({ start, count: end - start + 1 }))),
  )
  return { kind: 'runs', runs }
}

/** The runs of one dimension of `steps`, all of them limited. */
export function runsOf({ start, stride, count, block }: Steps): IndexRun[] {
  if (count > MOST_RUNS) throw new Unsupported(`selections of ${count} blocks`)
  return joined(Array.from({ length: count }, (_, i) => ({ start: start + i * stride, count: block })))
}

/** Runs that follow each other without a gap become one. */
function joined(runs: readonly IndexRun[]): IndexRun[] {
  const out: IndexRun[] = []
  for (const run of runs) {
    const last = out.at(-1)
    if (last !== undefined && last.start + last.count === run.start)
      out[out.length - 1] = { start: last.start, count: last.count + run.count }
    else out.push(run)
  }
  return out
}

/** Indices in all runs together. */
export function lengthOf(runs: readonly IndexRun[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0)
}

/** Behind the last index of all runs. */
export function endOfRuns(runs: readonly IndexRun[]): number {
  return runs.reduce((end, { start, count }) => Math.max(end, start + count), 0)
}

/** Runs of two dimensions cut so that each pair is of one length: the k-th index of one belongs to the k-th of the other. */
export function paired(
  a: readonly IndexRun[],
  b: readonly IndexRun[],
): { readonly a: number; readonly b: number; readonly count: number }[] {
  const pairs: { a: number; b: number; count: number }[] = []
  let [i, j, inA, inB] = [0, 0, 0, 0]
  for (;;) {
    const [left, right] = [a[i], b[j]]
    if (left === undefined || right === undefined) return pairs
    const count = Math.min(left.count - inA, right.count - inB)
    pairs.push({ a: left.start + inA, b: right.start + inB, count })
    inA += count
    inB += count
    if (inA === left.count) [i, inA] = [i + 1, 0]
    if (inB === right.count) [j, inB] = [j + 1, 0]
  }
}
