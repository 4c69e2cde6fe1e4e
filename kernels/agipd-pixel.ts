// One pixel of AGIPD in adaptive gain, with every step and every stage, as src/kits/agipd/reference.ts defines
// it. Stages are chosen without branches, which would be unpredictable for switched pixels.
import { countable, rounded, tooMany } from './photons'
import { rangeBits, stored } from './range'
import {
  DATA, FORCE_HIGH, FORCE_MEDIUM, GAIN, list, MASK, RANGE, ROUND, SET_MIN, STD_IS_ZERO, STILL,
} from './table'

// Planes of one cell, in units of 4·pixels bytes. pixel() computes where offset, mask and gain of a stage are.
export const O0: usize = 0
export const M0: usize = 1
export const T0: usize = 2
export const T1: usize = 3
export const O1: usize = 4
export const M2: usize = 7
export const G0: usize = 8
export const X: usize = 9
export const G1: usize = 10
export const B1: usize = 12

/** Gain stage, 0 to 2, of a pixel with raw numbers `s` and `r`; `c` points to it in the first plane of constants. */
@inline
export function stageOf(c: usize, plane: usize, s: f32, r: f32, params: usize): u32 {
  let low = u32(r > load<f32>(c + T1 * plane))
  let switched = low | u32(r > load<f32>(c + T0 * plane))
  low &= u32(!(s - load<f32>(c + O1 * plane) < load<f32>(params, FORCE_MEDIUM)))
  switched &= u32(!(s - load<f32>(c) < load<f32>(params, FORCE_HIGH)))
  return switched + (low & switched)
}

/** The offset of a pixel in `stage`: O0, O1 or O2; its mask is in the next plane. */
@inline
export function offsetAt(c: usize, plane: usize, stage: u32): usize {
  return c + <usize>((stage + u32(stage != 0)) << 1) * plane
}

/**
 * Pixel `p` of one frame. Returns 1 if its gain or mask differ from the first stage's, else 0; with `listed` it is
 * listed then, and gain and mask are not stored.
 */
@inline
export function pixel(
  entry: usize, p: usize, plane: usize, constants: usize, params: usize, flags: u32, gainSteps: bool, listed: bool,
): u32 {
  const raw = <usize>load<u32>(entry) + (p << 1)
  const c = constants + (p << 2)
  const s = <f32>load<u16>(raw)
  const stage = stageOf(c, plane, s, <f32>load<u16>(raw + (plane >> 1)), params)
  const d = s - load<f32>(offsetAt(c, plane, stage))
  return finishedPixel(entry, p, d, stage, plane, constants, params, flags, gainSteps, listed, false)
}

/**
 * The steps behind the offset, of a pixel in `stage` whose value so far is `value`; returned and stored as by
 * {@link pixel}. `whole`: also those that need whole images or files.
 */
@inline
export function finishedPixel(
  entry: usize, p: usize, value: f32, stage: u32, plane: usize, constants: usize, params: usize, flags: u32,
  gainSteps: bool, listed: bool, whole: bool,
): u32 {
  const c = constants + (p << 2)
  const medium = u32(stage == 1)
  let d = value
  if (gainSteps) {
    d *= load<f32>(c + <usize>(<u32>G0 + stage + u32(stage != 0)) * plane)
    d = choose(d + load<f32>(c + B1 * plane), d, medium)
    d = atLeast0(d, medium, flags) * load<f32>(c + X * plane)
  } else d = atLeast0(d, medium, flags)

  const m0 = load<u32>(c + M0 * plane)
  let m = load<u32>(offsetAt(c, plane, stage) + M0 * plane)
  if (whole) {
    const still = <usize>load<u32>(entry, STILL)
    if (still) m |= <u32>load<u8>(still + p) << STD_IS_ZERO
    if (flags & ROUND) {
      const lanes = f32x4.splat(d)
      const photons = rounded(lanes, params)
      m |= i32x4.extract_lane(rangeBits(lanes, flags | RANGE), 0)
      m |= i32x4.extract_lane(tooMany(lanes, photons, params), 0)
      d = f32x4.extract_lane(countable(lanes, photons, params), 0)
    }
  }
  if (!(abs(d) <= 1e7)) {
    const lanes = f32x4.splat(d)
    m |= i32x4.extract_lane(rangeBits(lanes, flags), 0)
    d = f32x4.extract_lane(stored(lanes, flags), 0)
  }
  store<f32>(<usize>load<u32>(entry, DATA) + (p << 2), d)
  const differs = u32(m != m0)
  const departs = u32(stage != 0) | differs
  if (!listed) {
    store<u8>(<usize>load<u32>(entry, GAIN) + p, <u8>stage)
    store<u32>(<usize>load<u32>(entry, MASK) + (p << 2), m)
  } else if (departs) list(entry, p, stage, m, differs)
  return departs
}

/** Step set-min. */
@inline
function atLeast0(d: f32, medium: u32, flags: u32): f32 {
  return flags & SET_MIN ? choose(0, d, medium & u32(d < 0)) : d
}

/** `a` if `first`, else `b`: through integers, for which there is an instruction that does not branch. */
@inline
function choose(a: f32, b: f32, first: u32): f32 {
  return reinterpret<f32>(select<u32>(reinterpret<u32>(a), reinterpret<u32>(b), first))
}
