import { DTYPE_BYTES, type DType } from '../model/dtypes.js'
import { DataError } from '../model/errors.js'
import { productOf } from '../model/shapes.js'
import type { BridgeArray } from './message.js'
import { shown } from './msgpack.js'

/** numpy's names of our types. */
const NAMES: Readonly<Record<DType, string>> = {
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  f4: 'float32',
  f8: 'float64',
}
const BY_NAME = new Map(Object.entries(NAMES).map(([dtype, name]) => [name, dtype as DType]))

/** Most dimensions of an array: numpy's own limit. */
const MOST_DIMENSIONS = 32

/** `float32` of f4. */
export function numpyName(dtype: DType): string {
  return NAMES[dtype]
}

/** `<f4` of f4, `|u1` of one byte. */
export function numpyCode(dtype: DType): string {
  return `${DTYPE_BYTES[dtype] === 1 ? '|' : '<'}${dtype}`
}

/** Our type of `float32`, `<f4`, `|u1` or a boolean; undefined for any other, big-endian among them. */
export function dtypeNamed(name: string): DType | undefined {
  if (name === 'bool' || name === '|b1') return 'u1'
  return BY_NAME.get(name) ?? BY_NAME.get(NAMES[name.replace(/^[<|]/, '') as DType] ?? '')
}

/**
 * An array as it was received, its parts checked against each other.
 * @throws DataError naming source and key.
 */
export function receivedArray(
  source: string,
  key: string,
  type: unknown,
  shape: unknown,
  data: unknown,
): BridgeArray {
  const refuse = (message: string) =>
    new DataError(`${source}, ${key}: ${message}`, { hint: 'Check what sends it with karabo-bridge-glimpse' })
  const dtype = typeof type === 'string' ? dtypeNamed(type) : undefined
  if (dtype === undefined) throw refuse(`arrays of ${shown(type)} are not known`)
  if (!Array.isArray(shape) || shape.length > MOST_DIMENSIONS || !shape.every(isLength))
    throw refuse('its shape is not a list of lengths')
  if (!(data instanceof Uint8Array)) throw refuse('its data are missing')
  const bytes = productOf(shape) * DTYPE_BYTES[dtype]
  if (bytes !== data.byteLength)
    throw refuse(`${data.byteLength} bytes, where (${shape.join(', ')}) of ${NAMES[dtype]} are ${bytes}`)
  return { dtype, shape, data }
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
