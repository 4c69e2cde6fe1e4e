/**
 * Element types as numpy and HDF5 users write them, little-endian. A dtype literal decides the array type
 * everywhere, so there is one table and no parallel switch statements.
 */
export type DType = 'i1' | 'u1' | 'i2' | 'u2' | 'i4' | 'u4' | 'i8' | 'u8' | 'f4' | 'f8'

export type TypedArrayOf<D extends DType> = D extends 'i1'
  ? Int8Array
  : D extends 'u1'
    ? Uint8Array
    : D extends 'i2'
      ? Int16Array
      : D extends 'u2'
        ? Uint16Array
        : D extends 'i4'
          ? Int32Array
          : D extends 'u4'
            ? Uint32Array
            : D extends 'i8'
              ? BigInt64Array
              : D extends 'u8'
                ? BigUint64Array
                : D extends 'f4'
                  ? Float32Array
                  : Float64Array

/** Bytes of one element. */
export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  i1: 1,
  u1: 1,
  i2: 2,
  u2: 2,
  i4: 4,
  u4: 4,
  i8: 8,
  u8: 8,
  f4: 4,
  f8: 8,
}

const ARRAYS = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  f4: Float32Array,
  f8: Float64Array,
} as const

/** A view of `length` elements on `buffer`, from byte `offset`. @throws RangeError if it does not fit or is unaligned. */
export function viewAs<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
): TypedArrayOf<D> {
  const View = ARRAYS[dtype] as new (buffer: ArrayBufferLike, offset: number, length: number) => unknown
  return new View(buffer, offset, length) as TypedArrayOf<D>
}

/** A zeroed array of `length` elements. */
export function arrayOf<D extends DType>(dtype: D, length: number): TypedArrayOf<D> {
  return new ARRAYS[dtype](length) as TypedArrayOf<D>
}
