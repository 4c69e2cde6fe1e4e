import { decode, encode } from '@msgpack/msgpack'
import { DataError } from '../model/errors.js'

/**
 * msgpack with what the bridge needs: integers beyond 2^32 stay integers (as bigints: a number that large would be sent as
 * a float), and hostile lengths are refused before memory is asked for.
 */
const LIMITS = {
  maxStrLength: 1 << 20,
  maxArrayLength: 1 << 20,
  maxMapLength: 1 << 16,
  maxExtLength: 0,
} as const

/** A msgpack value, its maps as objects whose keys are text: of bytes (msgpack-numpy) or of text alike. @throws DataError */
export function unpack(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, { ...LIMITS, maxBinLength: 0x7fffffff, useBigInt64: true, mapKeyConverter: keyOf })
  } catch (error) {
    throw new DataError(`a frame is not msgpack: ${(error as Error).message}`, {
      hint: 'Check that the endpoint is a Karabo bridge',
      cause: error,
    })
  }
}

export function pack(value: unknown): Uint8Array {
  return encode(value, { useBigInt64: true })
}

/** A value as messages show it; what is not one number or text only by its kind. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  return ['number', 'bigint', 'boolean', 'undefined'].includes(typeof value) ? String(value) : typeof value
}

function keyOf(key: unknown): string {
  if (key instanceof Uint8Array) return new TextDecoder().decode(key)
  if (typeof key === 'string') return key
  throw new Error('a key of a map is not text')
}

/** The head of a map of `size` entries: those follow, key and value in turn, each packed. */
export function mapHead(size: number): Uint8Array {
  if (size < 16) return Uint8Array.of(0x80 | size)
  return size < 65536 ? Uint8Array.of(0xde, size >> 8, size & 255) : headOf(0xdf, size)
}

/** The head of `length` bytes of binary data, which follow. */
export function binHead(length: number): Uint8Array {
  return headOf(0xc6, length)
}

function headOf(code: number, length: number): Uint8Array {
  const head = new Uint8Array(5)
  head[0] = code
  new DataView(head.buffer).setUint32(1, length)
  return head
}
