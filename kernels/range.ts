// Step 14 and the canonical NaN: the last thing that happens to a value, in every kernel.
import { FLAGS, RANGE, ZERO_NANS, ZERO_ORANGE } from './table'

const VALUE_IS_NAN: u32 = 1 << 11
const VALUE_OUT_OF_RANGE: u32 = 1 << 12
const CANONICAL_NAN: u32 = 0x7fc00000

/** Lanes not finite (NaN or infinite). */
@inline
export function notFinite(d: v128): v128 {
  return v128.not(f32x4.lt(f32x4.abs(d), f32x4.splat(Infinity)))
}

/** Lanes beyond ±1e7, infinities among them. */
@inline
export function outOfRange(d: v128): v128 {
  return f32x4.gt(f32x4.abs(d), f32x4.splat(1e7))
}

/** Mask bits 11 and 12 of four values. */
@inline
export function rangeBits(d: v128, flags: u32): v128 {
  if (!(flags & RANGE)) return i32x4.splat(0)
  return v128.or(
    v128.and(notFinite(d), i32x4.splat(VALUE_IS_NAN)),
    v128.and(outOfRange(d), i32x4.splat(VALUE_OUT_OF_RANGE)),
  )
}

/** The four values as stored: zeroed as requested, every NaN 0x7fc00000. */
@inline
export function stored(d: v128, flags: u32): v128 {
  let out = v128.bitselect(i32x4.splat(CANONICAL_NAN), d, f32x4.ne(d, d))
  if (flags & RANGE) {
    if (flags & ZERO_NANS) out = v128.andnot(out, notFinite(d))
    if (flags & ZERO_ORANGE) out = v128.andnot(out, outOfRange(d))
  }
  return out
}

/** Lanes that {@link rangeBits} and {@link stored} leave unchanged. */
@inline
export function usual(d: v128): v128 {
  return f32x4.le(f32x4.abs(d), f32x4.splat(1e7))
}
