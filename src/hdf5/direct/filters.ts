import { constants, inflateSync } from 'node:zlib'
import { fletcher32 } from './checksum.js'
import { decodeLzf } from './lzf.js'
import type { Filter } from './types.js'

const CHECKSUM_BYTES = 4

/**
 * Undoes the filters of one stored chunk, the last one first. `mask`: bit i set means filter i was skipped.
 * The result has `chunkBytes` bytes and may be the input itself.
 * @throws Error telling what is wrong with the chunk.
 */
export function undoFilters(
  stored: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  chunkBytes: number,
): Uint8Array {
  let bytes = stored
  for (let i = filters.length - 1; i >= 0; i--) {
    const filter = filters[i]
    if (filter === undefined || (mask >>> i) & 1) continue
    bytes = undo(filter, bytes, chunkBytes + CHECKSUM_BYTES * filters.length)
  }
  if (bytes.length !== chunkBytes) throw new Error(`${bytes.length} bytes where ${chunkBytes} are due`)
  return bytes
}

function undo(filter: Filter, bytes: Uint8Array, limit: number): Uint8Array {
  switch (filter.kind) {
    case 'deflate':
      return inflate(bytes, limit)
    case 'shuffle':
      return unshuffle(bytes, filter.elementBytes)
    case 'fletcher32':
      return verify(bytes)
    case 'lzf':
      return decodeLzf(bytes, limit)
  }
}

/** One output buffer that surely suffices: without it zlib collects pieces of 16 KiB and joins them. */
function inflate(bytes: Uint8Array, limit: number): Uint8Array {
  const room = Math.max(limit + 1, constants.Z_MIN_CHUNK)
  try {
    return inflateSync(bytes, {
      maxOutputLength: limit,
      chunkSize: Math.min(room, MAX_INFLATION * bytes.length + 64),
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error
    throw new Error(`it inflates to more than the ${limit} bytes that it may have`)
  }
}

/** No deflated byte becomes more bytes than this: a small chunk cannot claim much memory. */
const MAX_INFLATION = 1040

/** Bytes are stored by significance: all first bytes of the elements, all second bytes, …, then what is left over. */
function unshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  if (elementBytes < 2) return bytes
  const out = new Uint8Array(bytes.length)
  const count = Math.floor(bytes.length / elementBytes)
  for (let b = 0; b < elementBytes; b++) {
    const from = b * count
    for (let i = 0, to = b; i < count; i++, to += elementBytes) out[to] = bytes[from + i] ?? 0
  }
  out.set(bytes.subarray(count * elementBytes), count * elementBytes)
  return out
}

function verify(bytes: Uint8Array): Uint8Array {
  const length = bytes.length - CHECKSUM_BYTES
  if (length < 0) throw new Error('no room for its checksum')
  const data = bytes.subarray(0, length)
  const stored = new DataView(bytes.buffer, bytes.byteOffset + length, CHECKSUM_BYTES).getUint32(0, true)
  if (stored !== fletcher32(data)) throw new Error('wrong checksum')
  return data
}
