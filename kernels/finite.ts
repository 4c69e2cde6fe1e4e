// Which f32 are neither infinite nor NaN: those whose exponent bits are not all set.
const EXPONENT: u32 = 0x7f800000

/** All ones in the lanes that are finite. */
@inline
export function finiteOf(v: v128): v128 {
  const exponent = i32x4.splat(EXPONENT)
  return i32x4.ne(v128.and(v, exponent), exponent)
}

@inline
export function isFinite32(v: f32): bool {
  return (reinterpret<u32>(v) & EXPONENT) != EXPONENT
}
