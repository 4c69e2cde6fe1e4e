import { Unsupported } from './errors.js'
import type { Cursor } from './file-view.js'

/** How the chunks of a dataset are found. `address`: absolute address of the index, −1: no chunk was ever written. */
export type ChunkIndex =
  | { readonly kind: 'btree1'; readonly address: number }
  | { readonly kind: 'single'; readonly address: number; readonly size?: number; readonly filterMask: number }
  | { readonly kind: 'implicit'; readonly address: number }
  | { readonly kind: 'fixedArray'; readonly address: number }
  | { readonly kind: 'extensibleArray'; readonly address: number }

export type Layout =
  /** Its mappings lie in a global heap; address −1: there are none. */
  | { readonly kind: 'virtual'; readonly heap: number; readonly index: number }
  | { readonly kind: 'compact'; readonly data: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number; readonly size: number }
  | {
      readonly kind: 'chunked'
      readonly chunkShape: readonly number[]
      readonly elementBytes: number
      readonly index: ChunkIndex
      /** Chunks that stick out of the dataset are stored without filters. */
      readonly partialUnfiltered: boolean
    }

const MAX_RANK = 32

/** @throws Unsupported for versions other than 3 and 4 and version-2 B-trees. */
export function readLayout(body: Cursor): Layout {
  const version = body.u8()
  if (version !== 3 && version !== 4) throw new Unsupported(`layout version ${version}`)
  const kind = body.u8()
  if (kind === 0) return { kind: 'compact', data: Uint8Array.from(body.take(body.u16())) }
  if (kind === 1) return { kind: 'contiguous', address: body.address(), size: body.u64() }
  if (kind === 2) return version === 3 ? readChunked3(body) : readChunked4(body)
  if (kind === 3) return { kind: 'virtual', heap: body.address(), index: body.u32() }
  throw body.damaged(`has layout class ${kind}`)
}

function readChunked3(body: Cursor): Layout {
  const rank = readRank(body)
  const address = body.address()
  const sizes = Array.from({ length: rank + 1 }, () => body.u32())
  return chunked(body, sizes, { kind: 'btree1', address }, false)
}

function readChunked4(body: Cursor): Layout {
  const flags = body.u8()
  const rank = readRank(body)
  const width = body.u8()
  if (width < 1 || width > 8) throw body.damaged(`has ${width}-byte chunk sizes`)
  const sizes = Array.from({ length: rank + 1 }, () => body.uint(width))
  return chunked(body, sizes, readIndex4(body, (flags & 2) !== 0), (flags & 1) !== 0)
}

function readIndex4(body: Cursor, filteredSingle: boolean): ChunkIndex {
  const type = body.u8()
  switch (type) {
    case 1: {
      if (!filteredSingle) return { kind: 'single', address: body.address(), filterMask: 0 }
      const size = body.u64()
      const filterMask = body.u32()
      return { kind: 'single', address: body.address(), size, filterMask }
    }
    case 2:
      return { kind: 'implicit', address: body.address() }
    case 3:
      body.skip(1) // page bits: the index's own header has them
      return { kind: 'fixedArray', address: body.address() }
    case 4:
      body.skip(5) // the index's own header has these
      return { kind: 'extensibleArray', address: body.address() }
    case 5:
      throw new Unsupported('version-2 B-trees')
    default:
      throw body.damaged(`has chunk index type ${type}`)
  }
}

function readRank(body: Cursor): number {
  const dimensions = body.u8()
  if (dimensions < 2 || dimensions > MAX_RANK + 1)
    throw body.damaged(`claims chunks of ${dimensions} dimensions`)
  return dimensions - 1
}

function chunked(body: Cursor, sizes: number[], index: ChunkIndex, partialUnfiltered: boolean): Layout {
  if (sizes.some(size => size < 1)) throw body.damaged('claims empty chunks')
  const chunkShape = sizes.slice(0, -1)
  return { kind: 'chunked', chunkShape, elementBytes: sizes.at(-1) ?? 0, index, partialUnfiltered }
}
