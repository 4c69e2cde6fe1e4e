// Step 15, round-photons: whole photons of a value in ADU, as src/corrections/photons.ts says.
import { outOfRange } from './range'
import { FRACTION, MOST, PHOTON } from './table'

const VALUE_OUT_OF_RANGE: u32 = 1 << 12

/** Whole photons of four values, at least 0; of values that are no numbers 0, of others whatever they come to. */
@inline
export function rounded(d: v128, params: usize): v128 {
  const q = f32x4.div(d, f32x4.splat(load<f32>(params, PHOTON)))
  const down = f32x4.floor(q)
  const up = f32x4.ge(f32x4.sub(q, down), f32x4.splat(load<f32>(params, FRACTION)))
  const photons = f32x4.add(down, v128.and(up, f32x4.splat(1)))
  return v128.and(photons, f32x4.gt(photons, f32x4.splat(0)))
}

/** Lanes with more photons than the result can hold, or a value beyond the range. */
@inline
export function beyond(d: v128, photons: v128, params: usize): v128 {
  return v128.or(outOfRange(d), f32x4.gt(photons, f32x4.splat(load<f32>(params, MOST))))
}

/** Mask bit 12 of lanes {@link beyond}. */
@inline
export function tooMany(d: v128, photons: v128, params: usize): v128 {
  return v128.and(beyond(d, photons, params), i32x4.splat(VALUE_OUT_OF_RANGE))
}

/** The photons, 0 where they are not to be counted. */
@inline
export function countable(d: v128, photons: v128, params: usize): v128 {
  return v128.andnot(photons, beyond(d, photons, params))
}
