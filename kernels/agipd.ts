// AGIPD in adaptive gain: the per-pixel steps fused. src/kits/agipd/reference.ts says the same one pixel at a time.
//
// Nearly all pixels stay in high gain. So each strip of pixels is processed twice: first every group of sixteen is
// corrected as if it were in high gain, without a branch, and the lanes for which this is not sufficient are listed;
// then the listed pixels are corrected again with every step. Four frames are processed together and share each load of
// a constant.
//
// Each kernel has two forms. One stores planes of gain and mask; the other (`listed`) only lists where they differ from
// the cell's first stage, so that nearly five of thirteen bytes a pixel need not be moved.
import { B1, G0, G1, M0, M2, O0, pixel, T0, T1, X } from './agipd-pixel'
import { highHalf, lowHalf } from './lanes'
import { clearDepartures, DATA, depart, ENTRY_BYTES, FLAGS, GAIN, MASK } from './table'
import { warm } from './warm'

// Pixels whose constants stay in the second-level cache while the frames of a call are processed. Longer strips let the
// prefetcher run; 8192 was the fastest of 2048 … 16384.
const STRIP: usize = 8192

// Two and eight frames together are slower: eight have more planes than a set of the first-level cache has ways.
const TOGETHER: usize = 4

// A listed pixel costs a cache miss in each of five planes that are otherwise not read. From this number of listed
// groups of a strip on (in all frames so far) it is cheaper to stream those planes of the strip through the cache.
const STREAM_FROM: usize = STRIP / 256

// A word of the list: group of the strip, frame (2 bits), lanes (16 bits). There is at most one for a group and frame.
// Together with the one after the last, which is written but not kept, they fit SCRATCH_BYTES of table.ts.
const GROUP_SHIFT: u32 = 18
const FRAME_SHIFT: u32 = 16

/** `t`, or NaN where |v| ≥ 2^23 or v is NaN: v·2^105 overflows there, and an infinity times zero is NaN. */
@inline
function unlessLarge(t: v128, v: v128): v128 {
  return f32x4.add(t, f32x4.mul(f32x4.mul(v, f32x4.splat(4.056481920730334e31)), f32x4.splat(0)))
}

/** Four values in high gain; `c` points to the pixels in the first plane of constants. */
@inline
function high(s: v128, o: v128, c: usize, plane: usize, gainSteps: bool): v128 {
  const d = f32x4.sub(s, o)
  return gainSteps ? f32x4.mul(f32x4.mul(d, v128.load(c + G0 * plane)), v128.load(c + X * plane)) : d
}

/**
 * Sixteen pixels of one frame as if all were in high gain, their values no larger than 1e7; returns the lanes that are
 * not. `t…` are T0, and without gain steps NaN where the offset is too large for that.
 */
@inline
function sixteen(
  s: usize, r: usize, data: usize, gain: usize, mask: usize, c: usize, plane: usize, gainSteps: bool, listed: bool,
  o0: v128, o1: v128, o2: v128, o3: v128, t0: v128, t1: v128, t2: v128, t3: v128,
  m0: v128, m1: v128, m2: v128, m3: v128,
): u32 {
  const s01 = v128.load(s)
  const s23 = v128.load(s, 16)
  const d0 = high(lowHalf(s01), o0, c, plane, gainSteps)
  const d1 = high(highHalf(s01), o1, c + 16, plane, gainSteps)
  const d2 = high(lowHalf(s23), o2, c + 32, plane, gainSteps)
  const d3 = high(highHalf(s23), o3, c + 48, plane, gainSteps)
  v128.store(data, d0)
  v128.store(data, d1, 16)
  v128.store(data, d2, 32)
  v128.store(data, d3, 48)
  if (!listed) {
    v128.store(gain, i32x4.splat(0))
    v128.store(mask, m0)
    v128.store(mask, m1, 16)
    v128.store(mask, m2, 32)
    v128.store(mask, m3, 48)
  }
  const r01 = v128.load(r)
  const r23 = v128.load(r, 16)
  const plain0 = f32x4.le(lowHalf(r01), gainSteps ? unlessLarge(t0, d0) : t0)
  const plain1 = f32x4.le(highHalf(r01), gainSteps ? unlessLarge(t1, d1) : t1)
  const plain2 = f32x4.le(lowHalf(r23), gainSteps ? unlessLarge(t2, d2) : t2)
  const plain3 = f32x4.le(highHalf(r23), gainSteps ? unlessLarge(t3, d3) : t3)
  const plain01 = i16x8.narrow_i32x4_s(plain0, plain1)
  const plain23 = i16x8.narrow_i32x4_s(plain2, plain3)
  return i8x16.bitmask(i8x16.narrow_i16x8_s(plain01, plain23)) ^ 0xffff
}

/** T0 `t` of four pixels as {@link sixteen} needs it. |offset| `o` < 2^23 keeps |s − offset| below 1e7. */
@inline
function threshold(t: v128, o: v128, gainSteps: bool): v128 {
  return gainSteps ? t : unlessLarge(t, o)
}

/**
 * First pass: pixels `from` … `to` − 1 of one frame, or of four (`four`); `entry` is that of the first. Writes the list
 * from `list` on and returns its end.
 */
@inline
function together(
  four: bool, entry: usize, from: usize, to: usize, pixels: usize, constants: usize, list: usize, gainSteps: bool,
  listed: bool,
): usize {
  const plane = pixels << 2
  const rawGains = pixels << 1
  const e1 = four ? entry + ENTRY_BYTES : entry
  const e2 = four ? entry + 2 * ENTRY_BYTES : entry
  const e3 = four ? entry + 3 * ENTRY_BYTES : entry
  const s0 = <usize>load<u32>(entry), s1 = <usize>load<u32>(e1), s2 = <usize>load<u32>(e2), s3 = <usize>load<u32>(e3)
  const r0 = s0 + rawGains, r1 = s1 + rawGains, r2 = s2 + rawGains, r3 = s3 + rawGains
  const data0 = <usize>load<u32>(entry, DATA), data1 = <usize>load<u32>(e1, DATA)
  const data2 = <usize>load<u32>(e2, DATA), data3 = <usize>load<u32>(e3, DATA)
  const gain0 = <usize>load<u32>(entry, GAIN), gain1 = <usize>load<u32>(e1, GAIN)
  const gain2 = <usize>load<u32>(e2, GAIN), gain3 = <usize>load<u32>(e3, GAIN)
  const mask0 = <usize>load<u32>(entry, MASK), mask1 = <usize>load<u32>(e1, MASK)
  const mask2 = <usize>load<u32>(e2, MASK), mask3 = <usize>load<u32>(e3, MASK)
  let at = list
  let p = from
  for (; p + 16 <= to; p += 16) {
    const p2 = p << 1
    const p4 = p << 2
    const c = constants + p4
    const m = c + M0 * plane
    const t = c + T0 * plane
    const o0 = v128.load(c), o1 = v128.load(c, 16), o2 = v128.load(c, 32), o3 = v128.load(c, 48)
    const t0 = threshold(v128.load(t), o0, gainSteps), t1 = threshold(v128.load(t, 16), o1, gainSteps)
    const t2 = threshold(v128.load(t, 32), o2, gainSteps), t3 = threshold(v128.load(t, 48), o3, gainSteps)
    const m0 = listed ? o0 : v128.load(m), m1 = listed ? o0 : v128.load(m, 16)
    const m2 = listed ? o0 : v128.load(m, 32), m3 = listed ? o0 : v128.load(m, 48)
    const group = <u32>((p - from) >> 4) << GROUP_SHIFT
    at = noted(at, group, sixteen(
      s0 + p2, r0 + p2, data0 + p4, gain0 + p, mask0 + p4, c, plane, gainSteps, listed,
      o0, o1, o2, o3, t0, t1, t2, t3, m0, m1, m2, m3,
    ))
    if (four) {
      at = noted(at, group | (1 << FRAME_SHIFT), sixteen(
        s1 + p2, r1 + p2, data1 + p4, gain1 + p, mask1 + p4, c, plane, gainSteps, listed,
        o0, o1, o2, o3, t0, t1, t2, t3, m0, m1, m2, m3,
      ))
      at = noted(at, group | (2 << FRAME_SHIFT), sixteen(
        s2 + p2, r2 + p2, data2 + p4, gain2 + p, mask2 + p4, c, plane, gainSteps, listed,
        o0, o1, o2, o3, t0, t1, t2, t3, m0, m1, m2, m3,
      ))
      at = noted(at, group | (3 << FRAME_SHIFT), sixteen(
        s3 + p2, r3 + p2, data3 + p4, gain3 + p, mask3 + p4, c, plane, gainSteps, listed,
        o0, o1, o2, o3, t0, t1, t2, t3, m0, m1, m2, m3,
      ))
    }
  }
  // The remaining pixels are listed without a first pass.
  if (p < to) {
    const group = <u32>((p - from) >> 4) << GROUP_SHIFT
    const lanes = (1 << <u32>(to - p)) - 1
    const frames: u32 = four ? <u32>TOGETHER : 1
    for (let f: u32 = 0; f != frames; ++f) at = noted(at, group | (f << FRAME_SHIFT), lanes)
  }
  return at
}

/** Writes a word of the list at `at` and returns where the next goes: the same place if no lane was set. */
@inline
function noted(at: usize, place: u32, lanes: u32): usize {
  store<u32>(at, place | lanes)
  return at + (<usize>(lanes != 0) << 2)
}

/**
 * Second pass: the pixels listed for one frame or four, the first at `entry`. `seen` groups of the strip were listed
 * before; returns that number including these.
 */
function again(
  list: usize, end: usize, entry: usize, from: usize, to: usize, constants: usize, params: usize, seen: usize,
  gainSteps: bool, listed: bool,
): usize {
  const plane = <usize>load<u32>(params) << 2
  const flags = load<u32>(params, FLAGS)
  const now = seen + ((end - list) >> 2)
  if (seen < STREAM_FROM && now >= STREAM_FROM) {
    const c = constants + (from << 2)
    warm(c + T1 * plane, M2 - T1 + 1, plane, (to - from) << 2)
    if (listed) warm(c + M0 * plane, 1, plane, (to - from) << 2)
    if (gainSteps) warm(c + G1 * plane, B1 - G1 + 1, plane, (to - from) << 2)
  }
  for (; list < end; list += 4) {
    const word = load<u32>(list)
    const frame = entry + <usize>((word >> FRAME_SHIFT) & 3) * ENTRY_BYTES
    const first = from + (<usize>(word >> GROUP_SHIFT) << 4)
    let lanes = word & 0xffff
    let departures: u32 = 0
    do {
      departures += pixel(frame, first + <usize>ctz(lanes), plane, constants, params, flags, gainSteps, listed)
      lanes &= lanes - 1
    } while (lanes)
    if (!listed) depart(frame, departures)
  }
  return now
}

@inline
function adaptive(table: usize, frames: usize, constants: usize, params: usize, gainSteps: bool, listed: bool): void {
  const pixels = <usize>load<u32>(params)
  const list = table + frames * ENTRY_BYTES
  clearDepartures(table, frames)
  for (let from: usize = 0; from < pixels; from += STRIP) {
    const to = min<usize>(from + STRIP, pixels)
    let seen: usize = 0
    let entry = table
    // Two loops rather than one with a branch: binaryen would merge both into code that branches for each group.
    for (; entry + TOGETHER * ENTRY_BYTES <= list; entry += TOGETHER * ENTRY_BYTES) {
      const end = together(true, entry, from, to, pixels, constants, list, gainSteps, listed)
      seen = again(list, end, entry, from, to, constants, params, seen, gainSteps, listed)
    }
    for (; entry < list; entry += ENTRY_BYTES) {
      const end = together(false, entry, from, to, pixels, constants, list, gainSteps, listed)
      seen = again(list, end, entry, from, to, constants, params, seen, gainSteps, listed)
    }
  }
}

/** Adaptive gain, planes O0 M0 T0 T1 O1 M1 O2 M2. */
export function agipdAdaptive(table: usize, frames: usize, constants: usize, params: usize): void {
  adaptive(table, frames, constants, params, false, false)
}

/** Adaptive gain with gain steps, planes O0 M0 T0 T1 O1 M1 O2 M2 G0 X G1 G2 B1. */
export function agipdAdaptiveGain(table: usize, frames: usize, constants: usize, params: usize): void {
  adaptive(table, frames, constants, params, true, false)
}

export function agipdAdaptiveListed(table: usize, frames: usize, constants: usize, params: usize): void {
  adaptive(table, frames, constants, params, false, true)
}

export function agipdAdaptiveGainListed(table: usize, frames: usize, constants: usize, params: usize): void {
  adaptive(table, frames, constants, params, true, true)
}
