import { deflateSync } from 'node:zlib'
import { productOf } from '../../model/shapes.js'
import { copyBox, mergeRuns, stridesOf } from '../direct/box.js'
import { chunkParts } from '../direct/chunk-grid.js'
import { NOWHERE } from './encoder.js'
import type { NewLayout } from './layout.js'
import { chunkIndex } from './write-chunks.js'

/** Elements in C order, and the chunks that they are to be in. */
interface Chunked {
  readonly shape: readonly number[]
  readonly chunk: readonly number[]
  readonly elementBytes: number
  readonly bytes: Uint8Array
  readonly deflate: number | undefined
}

/** Cuts small data into chunks, zeros beyond its edges. @returns where their index is. */
export function putChunks(
  { shape, chunk, elementBytes, bytes, deflate }: Chunked,
  layout: NewLayout,
): number {
  if (shape.includes(0)) return NOWHERE
  const sourceStrides = stridesOf(shape, elementBytes)
  const targetStrides = stridesOf(chunk, elementBytes)
  const chunks = { indices: [] as number[], addresses: [] as number[], sizes: [] as number[] }
  const grid = { shape, chunkShape: chunk, elementBytes }
  const begin = shape.map(() => 0)
  for (const { number, count, inSlab } of chunkParts(grid, begin, shape)) {
    const plain = new Uint8Array(productOf(chunk) * elementBytes)
    const strides = { sourceStrides, targetStrides }
    copyBox(bytes, plain, mergeRuns({ count, elementBytes, ...strides, source: inSlab, target: 0 }))
    const stored = deflate === undefined ? plain : deflateSync(plain, { level: deflate })
    chunks.indices.push(number)
    chunks.addresses.push(layout.place(stored))
    chunks.sizes.push(stored.length)
  }
  const { levels, root } = chunkIndex({ base: 0, ...grid }, chunks, layout.end)
  for (const level of levels) layout.place(level.bytes)
  return root
}
