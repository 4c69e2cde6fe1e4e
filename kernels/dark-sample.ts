// Samples of dark frames: decoded raw numbers, minus a base of their pixel, so that those of a good pixel are small.

// Samples of a good pixel are within this distance of its first one: the sums of most columns stay small.
const REACH: i16 = 512
// Limit of a base: no sample below the base wraps around to one slightly above it.
const HIGHEST: i16 = <i16>(0xffff - (2 * REACH - 1))
// Bits that the samples of a narrow column, minus their base, never have.
export const WIDE: i16 = ~(2 * REACH - 1)

/** A value slightly below a pixel's first sample. */
@inline
export function baseOf(first: v128): v128 {
  return i16x8.min_u(i16x8.sub_sat_u(first, i16x8.splat(REACH)), i16x8.splat(HIGHEST))
}

@inline
export function decoded(raw: v128, shift: i32, bits: u32, zeroAs: u32, plain: bool): v128 {
  if (plain) return raw
  const v = v128.and(i16x8.shr_u(raw, shift), i16x8.splat(<i16>bits))
  return v128.or(v, v128.and(i16x8.eq(v, i16x8.splat(0)), i16x8.splat(<i16>zeroAs)))
}
