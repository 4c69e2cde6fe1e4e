// AGIPD: the per-pixel steps fused in one pass. src/corrections/reference.ts says the same one pixel at a time.
import { count, load16f, load32, store32, store8 } from './lanes'
import { rangeBits, stored, usual } from './range'
import {
  DATA, depart, clearDepartures, ENTRY_BYTES, FLAGS, FORCE_HIGH, FORCE_MEDIUM, GAIN, MASK, SET_MIN, STAGE,
} from './table'
import { warm } from './warm'

// Pixels whose constants stay in the second-level cache while the frames of a call pass by. Longer strips let
// the prefetcher run; 8192 was the fastest of 512 … 16384.
const STRIP: usize = 8192

// A pixel that switched costs five cache misses in planes that are otherwise not read. From one such pixel in
// 128 (all frames of a call together) it is cheaper to stream those planes of the strip through the cache first.
const SWITCHED_WARM: usize = STRIP / 128

// Planes of one cell, in units of 4·pixels bytes.
const O0: usize = 0
const M0: usize = 1
const T0: usize = 2
const T1: usize = 3
const O1: usize = 4
const M1: usize = 5
const O2: usize = 6
const M2: usize = 7
const G0: usize = 8
const X: usize = 9
const G1: usize = 10
const G2: usize = 11
const B1: usize = 12

// Planes of one cell in fixed gain.
const O: usize = 0
const M: usize = 1
const FG: usize = 2
const FX: usize = 3
const FB: usize = 4

/**
 * `n` ≤ 4 pixels from pixel `p` with every step and every stage; returns their departures.
 * `c` points to the pixels in the first plane of constants, planes are `plane` bytes apart.
 */
@inline
function adaptivePixels(
  entry: usize, p: usize, pixels: usize, c: usize, plane: usize, params: usize, flags: u32, n: u32, gainSteps: bool,
): u32 {
  const raw = <usize>load<u32>(entry) + (p << 1)
  const s = load16f(raw, n)
  const r = load16f(raw + (pixels << 1), n)
  const o0 = load32(c + O0 * plane, n)
  const o1 = load32(c + O1 * plane, n)

  let low = f32x4.gt(r, load32(c + T1 * plane, n))
  let switched = v128.or(low, f32x4.gt(r, load32(c + T0 * plane, n)))
  low = v128.andnot(low, f32x4.lt(f32x4.sub(s, o1), v128.load_splat<u32>(params, FORCE_MEDIUM)))
  switched = v128.andnot(switched, f32x4.lt(f32x4.sub(s, o0), v128.load_splat<u32>(params, FORCE_HIGH)))
  low = v128.and(low, switched)
  const medium = v128.andnot(switched, low)

  const o = v128.bitselect(load32(c + O2 * plane, n), v128.bitselect(o1, o0, switched), low)
  let d = f32x4.sub(s, o)
  if (flags & SET_MIN) d = v128.andnot(d, v128.and(medium, f32x4.lt(d, f32x4.splat(0))))
  if (gainSteps) {
    const g = v128.bitselect(load32(c + G1 * plane, n), load32(c + G0 * plane, n), switched)
    d = f32x4.mul(d, v128.bitselect(load32(c + G2 * plane, n), g, low))
    d = v128.bitselect(f32x4.add(d, load32(c + B1 * plane, n)), d, medium)
    d = f32x4.mul(d, load32(c + X * plane, n))
  }

  const m0 = load32(c + M0 * plane, n)
  let m = v128.bitselect(load32(c + M1 * plane, n), m0, switched)
  m = v128.bitselect(load32(c + M2 * plane, n), m, low)
  m = v128.or(m, rangeBits(d, flags))

  store32(<usize>load<u32>(entry, DATA) + (p << 2), stored(d, flags), n)
  store8(<usize>load<u32>(entry, GAIN) + p, i32x4.neg(i32x4.add(switched, low)), n)
  store32(<usize>load<u32>(entry, MASK) + (p << 2), m, n)
  return count(v128.or(switched, i32x4.ne(m, m0)), n)
}

/** Pixels `from` … `to` − 1 of one frame. */
@inline
function adaptiveStrip(
  entry: usize, from: usize, to: usize, pixels: usize, constants: usize, params: usize, gainSteps: bool,
): u32 {
  const plane = pixels << 2
  const flags = load<u32>(params, FLAGS)
  let s = <usize>load<u32>(entry) + (from << 1)
  const rawGain = pixels << 1
  let data = <usize>load<u32>(entry, DATA) + (from << 2)
  let gain = <usize>load<u32>(entry, GAIN) + from
  let mask = <usize>load<u32>(entry, MASK) + (from << 2)
  let c = constants + (from << 2)
  let departures: u32 = 0
  let p = from
  for (; p + 8 <= to; p += 8) {
    // The pixels of most groups stayed in high gain: then only the first planes are read.
    let dA = f32x4.sub(f32x4.convert_i32x4_s(v128.load_ext<u16>(s)), v128.load(c + O0 * plane))
    let dB = f32x4.sub(f32x4.convert_i32x4_s(v128.load_ext<u16>(s, 8)), v128.load(c + O0 * plane, 16))
    if (gainSteps) {
      dA = f32x4.mul(f32x4.mul(dA, v128.load(c + G0 * plane)), v128.load(c + X * plane))
      dB = f32x4.mul(f32x4.mul(dB, v128.load(c + G0 * plane, 16)), v128.load(c + X * plane, 16))
    }
    const highA = f32x4.le(f32x4.convert_i32x4_s(v128.load_ext<u16>(s + rawGain)), v128.load(c + T0 * plane))
    const highB = f32x4.le(f32x4.convert_i32x4_s(v128.load_ext<u16>(s + rawGain, 8)), v128.load(c + T0 * plane, 16))
    const fast = v128.and(v128.and(highA, highB), v128.and(usual(dA), usual(dB)))
    if (i32x4.all_true(fast)) {
      v128.store(data, dA)
      v128.store(data, dB, 16)
      store<u64>(gain, 0)
      v128.store(mask, v128.load(c + M0 * plane))
      v128.store(mask, v128.load(c + M0 * plane, 16), 16)
    } else {
      departures += adaptivePixels(entry, p, pixels, c, plane, params, flags, 4, gainSteps)
      departures += adaptivePixels(entry, p + 4, pixels, c + 16, plane, params, flags, 4, gainSteps)
    }
    s += 16
    data += 32
    gain += 8
    mask += 32
    c += 32
  }
  while (p < to) {
    const n = min<usize>(4, to - p)
    departures += adaptivePixels(entry, p, pixels, constants + (p << 2), plane, params, flags, <u32>n, gainSteps)
    p += n
  }
  return departures
}

@inline
function adaptive(table: usize, frames: usize, constants: usize, params: usize, gainSteps: bool): void {
  const pixels = <usize>load<u32>(params)
  clearDepartures(table, frames)
  // The strip before tells what to expect of this one, and of the first strip nothing is known.
  let switched: usize = 0
  for (let from: usize = 0; from < pixels; from += STRIP) {
    const to = min<usize>(from + STRIP, pixels)
    if (switched >= SWITCHED_WARM) {
      const plane = pixels << 2
      for (let i = T1; i <= M2; ++i) warm(constants + i * plane + (from << 2), (to - from) << 2)
      if (gainSteps) for (let i = G1; i <= B1; ++i) warm(constants + i * plane + (from << 2), (to - from) << 2)
    }
    switched = 0
    for (let f: usize = 0; f < frames; ++f) {
      const entry = table + f * ENTRY_BYTES
      const departures = adaptiveStrip(entry, from, to, pixels, constants, params, gainSteps)
      depart(entry, departures)
      switched += departures
    }
  }
}

/** Adaptive gain, planes O0 M0 T0 T1 O1 M1 O2 M2. */
export function agipdAdaptive(table: usize, frames: usize, constants: usize, params: usize): void {
  adaptive(table, frames, constants, params, false)
}

/** Adaptive gain with gain steps, planes O0 M0 T0 T1 O1 M1 O2 M2 G0 X G1 G2 B1. */
export function agipdAdaptiveGain(table: usize, frames: usize, constants: usize, params: usize): void {
  adaptive(table, frames, constants, params, true)
}

/** `n` ≤ 4 pixels from pixel `p`: the one stage of fixed gain, with every step; returns their departures. */
@inline
function fixedPixels(
  entry: usize, p: usize, constants: usize, plane: usize, flags: u32, stage: u32, n: u32, gainSteps: bool,
): u32 {
  const c = constants + (p << 2)
  let d = f32x4.sub(load16f(<usize>load<u32>(entry) + (p << 1), n), load32(c + O * plane, n))
  if (gainSteps) {
    d = f32x4.mul(d, load32(c + FG * plane, n))
    d = f32x4.add(d, load32(c + FB * plane, n))
    d = f32x4.mul(d, load32(c + FX * plane, n))
  }
  const m0 = load32(c + M * plane, n)
  const m = v128.or(m0, rangeBits(d, flags))
  store32(<usize>load<u32>(entry, DATA) + (p << 2), stored(d, flags), n)
  store8(<usize>load<u32>(entry, GAIN) + p, i32x4.splat(stage), n)
  store32(<usize>load<u32>(entry, MASK) + (p << 2), m, n)
  return count(i32x4.ne(m, m0), n)
}

@inline
function fixed(table: usize, frames: usize, constants: usize, params: usize, gainSteps: bool): void {
  const pixels = <usize>load<u32>(params)
  const stage = load<u32>(params, STAGE)
  const flags = load<u32>(params, FLAGS)
  const plane = pixels << 2
  clearDepartures(table, frames)
  for (let from: usize = 0; from < pixels; from += STRIP) {
    const to = min<usize>(from + STRIP, pixels)
    for (let f: usize = 0; f < frames; ++f) {
      const entry = table + f * ENTRY_BYTES
      let departures: u32 = 0
      let p = from
      for (; p + 4 <= to; p += 4) departures += fixedPixels(entry, p, constants, plane, flags, stage, 4, gainSteps)
      if (p < to) departures += fixedPixels(entry, p, constants, plane, flags, stage, <u32>(to - p), gainSteps)
      depart(entry, departures)
    }
  }
}

/** Fixed gain, planes O M. */
export function agipdFixed(table: usize, frames: usize, constants: usize, params: usize): void {
  fixed(table, frames, constants, params, false)
}

/** Fixed gain with gain steps, planes O M G X B. */
export function agipdFixedGain(table: usize, frames: usize, constants: usize, params: usize): void {
  fixed(table, frames, constants, params, true)
}
