import { deflateSync } from 'node:zlib'
import { chunkIndex } from '../direct/write-chunks.js'
import { NOWHERE } from './encoder.js'
import type { Layout } from './layout.js'

/** Elements in C order, and the chunks that they are to be in. */
interface Chunked {
  readonly shape: readonly number[]
  readonly chunk: readonly number[]
  readonly elementBytes: number
  readonly bytes: Uint8Array
  readonly deflate: number | undefined
}

/** Cuts small data into chunks, zeros beyond its edges. @returns where their index is. */
export function placeChunks({ shape, chunk, elementBytes, bytes, deflate }: Chunked, layout: Layout): number {
  const counts = shape.map((length, axis) => Math.ceil(length / (chunk[axis] ?? 1)))
  const total = productOf(counts)
  if (total === 0) return NOWHERE
  const chunks = { indices: [] as number[], addresses: [] as number[], sizes: [] as number[] }
  for (let number = 0; number < total; number++) {
    const plain = cut({ shape, chunk, elementBytes, bytes }, counts, number)
    const stored = deflate === undefined ? plain : deflateSync(plain, { level: deflate })
    chunks.indices.push(number)
    chunks.addresses.push(layout.place(stored))
    chunks.sizes.push(stored.length)
  }
  const { levels, root } = chunkIndex({ base: 0, shape, chunkShape: chunk, elementBytes }, chunks, layout.end)
  for (const level of levels) layout.place(level.bytes)
  return root
}

/** Chunk `number` of the grid, row by row. */
function cut(
  { shape, chunk, elementBytes, bytes }: Omit<Chunked, 'deflate'>,
  counts: readonly number[],
  number: number,
): Uint8Array {
  const out = new Uint8Array(productOf(chunk) * elementBytes)
  const copy = (axis: number, from: number, to: number, rest: number): void => {
    const length = chunk[axis] ?? 1
    const above = productOf(counts.slice(axis + 1))
    const first = Math.floor(rest / above) * length
    const there = Math.min(length, (shape[axis] ?? 0) - first)
    const whole = chunk.slice(axis + 1).every((inner, i) => inner === shape[axis + 1 + i])
    const [step, outStep] = [productOf(shape.slice(axis + 1)), productOf(chunk.slice(axis + 1))]
    if (whole) {
      const begin = (from + first * step) * elementBytes
      out.set(bytes.subarray(begin, begin + there * step * elementBytes), to * elementBytes)
      return
    }
    for (let i = 0; i < there; i++) copy(axis + 1, from + (first + i) * step, to + i * outStep, rest % above)
  }
  copy(0, 0, 0, number)
  return out
}

/** Of the lengths of all axes: elements. */
export function productOf(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1)
}
