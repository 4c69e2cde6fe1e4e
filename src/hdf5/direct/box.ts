/**
 * A box of elements that two arrays in C order share: within each it starts somewhere and has the array's strides.
 * All numbers but `count` are bytes.
 */
export interface Box {
  /** Elements along each dimension, slowest first. */
  readonly count: readonly number[]
  readonly elementBytes: number
  readonly sourceStrides: readonly number[]
  readonly targetStrides: readonly number[]
  readonly source: number
  readonly target: number
}

/** Byte strides of an array of `shape` in C order. */
export function stridesOf(shape: readonly number[], elementBytes: number): number[] {
  const strides: number[] = []
  let stride = elementBytes
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride
    stride *= shape[d] ?? 0
  }
  return strides
}

/** Byte offset of the element at `start` (row-major). */
export function byteOffset(start: readonly number[], strides: readonly number[]): number {
  return start.reduce((sum, at, d) => sum + at * (strides[d] ?? 0), 0)
}

/**
 * The same box with neighbouring dimensions merged where both arrays run on without a gap, and dimensions of one
 * element dropped. The last dimension is then the longest run of bytes: `elementBytes` is its length in bytes, and
 * `count` tells how often and where it repeats.
 */
export function mergeRuns(box: Box): Box {
  const count: number[] = []
  const sourceStrides: number[] = []
  const targetStrides: number[] = []
  let run = box.elementBytes
  for (let d = box.count.length - 1; d >= 0; d--) {
    const n = box.count[d] ?? 1
    const source = box.sourceStrides[d] ?? 0
    const target = box.targetStrides[d] ?? 0
    if (n === 1) continue
    if (count.length === 0 && source === run && target === run) {
      run *= n
      continue
    }
    const [innerCount, innerSource, innerTarget] = [count[0], sourceStrides[0], targetStrides[0]]
    if (
      innerCount !== undefined &&
      source === innerCount * (innerSource ?? 0) &&
      target === innerCount * (innerTarget ?? 0)
    ) {
      count[0] = innerCount * n
      continue
    }
    count.unshift(n)
    sourceStrides.unshift(source)
    targetStrides.unshift(target)
  }
  return { count, elementBytes: run, sourceStrides, targetStrides, source: box.source, target: box.target }
}

/** Copies a merged box from `source` to `target`. */
export function copyBox(source: Uint8Array, target: Uint8Array, box: Box): void {
  copyFrom(source, target, box, 0, box.source, box.target)
}

/** As {@link copyBox} for the dimensions from `d` on, with the box starting at bytes `from` and `to`. */
export function copyFrom(
  source: Uint8Array,
  target: Uint8Array,
  box: Box,
  d: number,
  from: number,
  to: number,
  count = box.count[d] ?? 1,
): void {
  const run = box.elementBytes
  if (d === box.count.length) {
    copyRun(source, target, from, to, run)
    return
  }
  const sourceStride = box.sourceStrides[d] ?? 0
  const targetStride = box.targetStrides[d] ?? 0
  const innermost = d === box.count.length - 1
  for (let i = 0; i < count; i++) {
    if (innermost) copyRun(source, target, from + i * sourceStride, to + i * targetStride, run)
    else copyFrom(source, target, box, d + 1, from + i * sourceStride, to + i * targetStride)
  }
}

/** Below this length a loop is faster than making a view. */
const SHORT_RUN = 96

function copyRun(source: Uint8Array, target: Uint8Array, from: number, to: number, length: number): void {
  if (length > SHORT_RUN) {
    target.set(source.subarray(from, from + length), to)
    return
  }
  for (let i = 0; i < length; i++) target[to + i] = source[from + i] ?? 0
}
