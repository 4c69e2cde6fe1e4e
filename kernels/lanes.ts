// Four pixels at a time, and the one to three at the end of a plane: `n` is how many of the four exist. It is a
// constant 4 in the loops, so that only the code for the tail checks it.
import { GAIN, list, MASK } from './table'

@inline
export function load32(ptr: usize, n: u32): v128 {
  if (n == 4) return v128.load(ptr)
  let v = v128.load_zero<u32>(ptr)
  if (n > 1) v = v128.load_lane<u32>(ptr, v, 1, 4)
  if (n > 2) v = v128.load_lane<u32>(ptr, v, 2, 8)
  return v
}

/** Four u16, as i32. */
@inline
export function load16(ptr: usize, n: u32): v128 {
  if (n == 4) return v128.load_ext<u16>(ptr)
  let v = i32x4.splat(load<u16>(ptr))
  if (n > 1) v = i32x4.replace_lane(v, 1, load<u16>(ptr, 2))
  if (n > 2) v = i32x4.replace_lane(v, 2, load<u16>(ptr, 4))
  return v
}

/** Four u16, as f32. */
@inline
export function load16f(ptr: usize, n: u32): v128 {
  return f32x4.convert_i32x4_s(load16(ptr, n))
}

/** Four of eight u16, as f32. */
@inline
export function lowHalf(v: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(v))
}

@inline
export function highHalf(v: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(v))
}

@inline
export function store32(ptr: usize, v: v128, n: u32): void {
  if (n == 4) {
    v128.store(ptr, v)
    return
  }
  v128.store_lane<u32>(ptr, v, 0)
  if (n > 1) v128.store_lane<u32>(ptr, v, 1, 4)
  if (n > 2) v128.store_lane<u32>(ptr, v, 2, 8)
}

/** The low bytes of the four lanes. */
@inline
export function store8(ptr: usize, v: v128, n: u32): void {
  const bytes = i32x4.extract_lane(i8x16.shuffle(v, v, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0)
  if (n == 4) {
    store<i32>(ptr, bytes)
    return
  }
  for (let i: u32 = 0; i < n; ++i) store<u8>(ptr + i, <u8>(bytes >> (i << 3)))
}

/**
 * Gain and mask of `n` ≤ 4 pixels from pixel `p` of a frame, of which those in `departs` differ from the first stage;
 * `differs` are those whose mask `m` differs. Written to the planes, or to the list. Returns how many depart.
 */
@inline
export function storeStage(
  entry: usize, p: usize, gain: v128, m: v128, departs: v128, differs: v128, n: u32, listed: bool,
): u32 {
  if (!listed) {
    store8(<usize>load<u32>(entry, GAIN) + p, gain, n)
    store32(<usize>load<u32>(entry, MASK) + (p << 2), m, n)
  } else {
    const lanes = <u32>i32x4.bitmask(departs) & ((1 << n) - 1)
    if (lanes) {
      const masks = <u32>i32x4.bitmask(differs)
      if (lanes & 1) list(entry, p, i32x4.extract_lane(gain, 0), i32x4.extract_lane(m, 0), masks & 1)
      if (lanes & 2) list(entry, p + 1, i32x4.extract_lane(gain, 1), i32x4.extract_lane(m, 1), masks & 2)
      if (lanes & 4) list(entry, p + 2, i32x4.extract_lane(gain, 2), i32x4.extract_lane(m, 2), masks & 4)
      if (lanes & 8) list(entry, p + 3, i32x4.extract_lane(gain, 3), i32x4.extract_lane(m, 3), masks & 8)
    }
  }
  return count(departs, n)
}

/** Gain 0 and the masks from `m` on for the sixteen pixels from pixel `p` of a frame; nothing if departures are listed. */
@inline
export function storeFirstStage(entry: usize, p: usize, m: usize, listed: bool): void {
  if (listed) return
  const mask = <usize>load<u32>(entry, MASK) + (p << 2)
  v128.store(<usize>load<u32>(entry, GAIN) + p, i32x4.splat(0))
  v128.store(mask, v128.load(m))
  v128.store(mask, v128.load(m, 16), 16)
  v128.store(mask, v128.load(m, 32), 32)
  v128.store(mask, v128.load(m, 48), 48)
}

/** The last two lanes, where instructions take the first two. */
@inline
export function upper(v: v128): v128 {
  return i64x2.shuffle(v, v, 1, 1)
}

/** Whether all four lanes are true. Faster than i32x4.all_true, which x86 has no instruction for. */
@inline
export function all(lanes: v128): bool {
  return i32x4.bitmask(lanes) == 15
}

/** How many of the existing lanes are true. */
@inline
export function count(lanes: v128, n: u32): u32 {
  return popcnt<u32>(i32x4.bitmask(lanes) & ((1 << n) - 1))
}
