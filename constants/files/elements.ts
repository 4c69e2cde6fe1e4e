import { DTYPE_BYTES, type DType, viewAs } from '../../src/model/dtypes.js'
import { ConstantsError } from '../../src/model/errors.js'
import type { Slab } from './slabs.js'
import type { ConstantSource } from './source.js'

/**
 * Takes `n` elements from the `first`, `stride` apart, into `row`. Floats as they are (f8 and f4 exactly); masks as
 * integers below 2³²: integers of up to 32 bits by their bits, signed or not, for who marks a pixel by bit 31 of an i4
 * writes a negative number; wider ones and floats by their value.
 * @throws ConstantsError if a mask holds anything else.
 */
export type GatherElements = (first: number, stride: number, n: number, row: Float64Array) => void

/** Takes elements of `slab` of `source` from `bytes`, whose start is aligned to 8, whatever their type. */
export function elementsOf(source: ConstantSource, slab: Slab, bytes: Uint8Array): GatherElements {
  const { calibration } = source
  const dtype = calibration.kind === 'bits' ? (BITS[source.dtype] ?? source.dtype) : source.dtype
  const length = slab.bytes / DTYPE_BYTES[dtype]
  const gather = wide(dtype)
    ? gatherWide(viewAs('u4', bytes.buffer, bytes.byteOffset, 2 * length))
    : gatherFrom(viewAs(dtype, bytes.buffer, bytes.byteOffset, length))
  if (calibration.kind === 'float') return gather
  return (first, stride, n, row) => {
    gather(first, stride, n, row)
    for (let i = 0; i < n; i++) {
      const bits = row[i] ?? 0
      if (bits !== bits >>> 0) throw notBits(source, bits)
    }
  }
}

/** Signed integers as the bits that they are. */
const BITS: Readonly<Partial<Record<DType, DType>>> = { i1: 'u1', i2: 'u2', i4: 'u4' }

function wide(dtype: DType): dtype is 'i8' | 'u8' {
  return dtype === 'i8' || dtype === 'u8'
}

type Numbers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array

function gatherFrom(values: Numbers): GatherElements {
  return (first, stride, n, row) => {
    for (let i = 0, at = first; i < n; i++, at += stride) row[i] = values[at] ?? 0
  }
}

/** 64-bit integers by halves: as masks they are sound only if the upper half is zero; anything else becomes NaN. */
function gatherWide(halves: Uint32Array): GatherElements {
  return (first, stride, n, row) => {
    for (let i = 0, at = 2 * first; i < n; i++, at += 2 * stride)
      row[i] = halves[at + 1] === 0 ? (halves[at] ?? 0) : Number.NaN
  }
}

/** @param value what was found; NaN: not known. */
export function notBits({ place, calibration }: ConstantSource, value: number): ConstantsError {
  const what = Number.isNaN(value)
    ? 'a value that is not an integer from 0 to 2^32 - 1'
    : `the value ${value}`
  return new ConstantsError(`${calibration.name} holds ${what}, which is not a bad-pixel mask`, {
    place,
    hint: 'Store it as u4, or as i4 of the same bits',
  })
}
