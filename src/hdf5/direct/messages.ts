import type { DType } from '../../model/dtypes.js'
import { readTypeHead } from './datatype.js'
import { Unreadable, Unsupported } from './errors.js'
import type { Cursor } from './file-view.js'
import { filterName, LIBRARY_FILTERS, REPACK } from './filter-names.js'
import type { Filter } from './types.js'

const MAX_RANK = 32

/** Dimensions, slowest first. */
export interface Dataspace {
  readonly shape: readonly number[]
  readonly maxShape: readonly number[]
}

/** @throws Unsupported for null dataspaces. */
export function readDataspace(body: Cursor): Dataspace {
  const version = body.u8()
  if (version !== 1 && version !== 2) throw new Unsupported(`dataspace version ${version}`)
  const rank = body.u8()
  const flags = body.u8()
  if (rank > MAX_RANK) throw body.damaged(`claims ${rank} dimensions`)
  if (version === 1) body.skip(5)
  else if (body.u8() === 2) throw new Unsupported('null dataspaces')
  const shape = Array.from({ length: rank }, () => body.u64())
  if (shape.includes(Infinity)) throw body.damaged('claims an infinite shape')
  const maxShape = flags & 1 ? Array.from({ length: rank }, () => body.u64()) : shape
  if (shape.some((size, d) => size > (maxShape[d] ?? 0)))
    throw body.damaged('claims a shape above its maximum')
  return { shape, maxShape }
}

const INTEGERS: Readonly<Record<number, readonly [DType, DType]>> = {
  1: ['u1', 'i1'],
  2: ['u2', 'i2'],
  4: ['u4', 'i4'],
  8: ['u8', 'i8'],
}

interface FloatType {
  readonly dtype: DType
  readonly signBit: number
  /** Bit offset, precision, exponent at, exponent bits, mantissa at, mantissa bits, bias. */
  readonly layout: readonly [number, number, number, number, number, number, number]
}

/** The properties of IEEE floats by bytes. */
export const FLOATS: Readonly<Record<number, FloatType>> = {
  4: { dtype: 'f4', signBit: 31, layout: [0, 32, 23, 8, 0, 23, 127] },
  8: { dtype: 'f8', signBit: 63, layout: [0, 64, 52, 11, 0, 52, 1023] },
}

/** @throws Unsupported for everything but little-endian integers and IEEE floats without padding bits. */
export function readDatatype(body: Cursor): DType {
  const { kind, bits0, bits1, size } = readTypeHead(body)
  if (kind === 0 && (bits0 & 1) === 0) {
    const dtype = INTEGERS[size]?.[(bits0 >> 3) & 1]
    const [offset, precision] = [body.u16(), body.u16()]
    if (dtype !== undefined && offset === 0 && precision === 8 * size) return dtype
  }
  if (kind === 1) {
    const float = FLOATS[size]
    const layout = [body.u16(), body.u16(), body.u8(), body.u8(), body.u8(), body.u8(), body.u32()]
    const fits = layout.every((value, i) => value === float?.layout[i])
    // Little-endian, implied leading one, no padding bits set.
    if (float !== undefined && fits && bits0 === 0x20 && bits1 === float.signBit) return float.dtype
  }
  throw new Unsupported(`element type class ${kind} of ${size} bytes`)
}

/** The bytes of one element; undefined: none named, elements never written read as zero. */
export function readFillValue(body: Cursor, elementBytes: number): Uint8Array | undefined {
  const version = body.u8()
  if (version < 1 || version > 3) throw new Unsupported(`fill value version ${version}`)
  if (version === 3) {
    if ((body.u8() & 0x20) === 0) return undefined
  } else {
    body.skip(2) // times of allocation and writing
    const defined = body.u8()
    if (version === 2 && defined === 0) return undefined
  }
  return readOldFillValue(body, elementBytes)
}

/** As {@link readFillValue}, for the message that came before it. */
export function readOldFillValue(body: Cursor, elementBytes: number): Uint8Array | undefined {
  const length = body.u32()
  if (length === 0 || length === 0xffffffff) return undefined
  if (length !== elementBytes) throw body.damaged(`has a fill value of ${length} bytes`)
  return Uint8Array.from(body.take(length))
}

const LZF = 32000

/**
 * The pipeline in the order of writing. @throws Unsupported for filters that only the library undoes, Unreadable for those
 * that it does not either.
 */
export function readFilters(body: Cursor): readonly Filter[] {
  const version = body.u8()
  if (version !== 1 && version !== 2) throw new Unsupported(`filter message version ${version}`)
  const count = body.u8()
  if (count > 32) throw body.damaged(`claims ${count} filters`)
  if (version === 1) body.skip(6)
  return Array.from({ length: count }, () => readFilter(body, version))
}

function readFilter(body: Cursor, version: 1 | 2): Filter {
  const id = body.u16()
  const nameLength = version === 1 || id >= 256 ? body.u16() : 0
  body.skip(2) // flags
  const values = body.u16()
  body.skip(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength)
  const first = values > 0 ? body.u32() : 0
  body.skip(Math.max(0, values - 1) * 4)
  if (version === 1 && values % 2 === 1) body.skip(4)
  if (id === 1) return { kind: 'deflate' }
  if (id === 2) return { kind: 'shuffle', elementBytes: first }
  if (id === 3) return { kind: 'fletcher32' }
  if (id === LZF) return { kind: 'lzf' }
  if (LIBRARY_FILTERS.has(id)) throw new Unsupported(filterName(id))
  const { file, dataset } = body.view
  throw new Unreadable(`is compressed with ${filterName(id)}, which detcal cannot undo`, {
    place: { file, dataset },
    hint: REPACK,
  })
}
