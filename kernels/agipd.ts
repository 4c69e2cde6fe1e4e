// AGIPD: the per-pixel steps fused in one pass. src/corrections/agipd/reference.ts says the same one pixel at a time.
import { all, count, load16f, load32, store32, store8 } from './lanes'
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
const SWITCHED_WARM: u32 = <u32>STRIP / 128

// The strip before tells what to expect of a strip: pixels of it that switched or were flagged. A global belongs
// to the instance, not to the shared memory, and it decides nothing but speed.
let departed: u32 = 0

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
  if (!all(usual(d))) {
    m = v128.or(m, rangeBits(d, flags))
    d = stored(d, flags)
  }

  store32(<usize>load<u32>(entry, DATA) + (p << 2), d, n)
  store8(<usize>load<u32>(entry, GAIN) + p, i32x4.neg(i32x4.add(switched, low)), n)
  store32(<usize>load<u32>(entry, MASK) + (p << 2), m, n)
  return count(v128.or(switched, i32x4.ne(m, m0)), n)
}

/** Four pixels as they are in high gain. */
@inline
function high(raw: usize, c: usize, plane: usize, gainSteps: bool): v128 {
  const d = f32x4.sub(load16f(raw, 4), v128.load(c + O0 * plane))
  if (!gainSteps) return d
  return f32x4.mul(f32x4.mul(d, v128.load(c + G0 * plane)), v128.load(c + X * plane))
}

/** Which of them are in high gain, with values `d` that need no more than being stored. */
@inline
function plain(rawGain: usize, c: usize, plane: usize, d: v128): v128 {
  return v128.and(f32x4.le(load16f(rawGain, 4), v128.load(c + T0 * plane)), usual(d))
}

/** Pixels `from` … `to` − 1 of one frame; returns their departures. */
@inline
function adaptiveStrip(
  entry: usize, from: usize, to: usize, pixels: usize, constants: usize, params: usize, gainSteps: bool,
): u32 {
  const plane = pixels << 2
  const flags = load<u32>(params, FLAGS)
  let raw = <usize>load<u32>(entry) + (from << 1)
  const rawGains = pixels << 1
  let data = <usize>load<u32>(entry, DATA) + (from << 2)
  let gain = <usize>load<u32>(entry, GAIN) + from
  let mask = <usize>load<u32>(entry, MASK) + (from << 2)
  let c = constants + (from << 2)
  let departures: u32 = 0
  let p = from
  // The pixels of most groups of sixteen stay in high gain: then only the first planes are read.
  for (; p + 16 <= to; p += 16) {
    const d0 = high(raw, c, plane, gainSteps)
    const d1 = high(raw + 8, c + 16, plane, gainSteps)
    const d2 = high(raw + 16, c + 32, plane, gainSteps)
    const d3 = high(raw + 24, c + 48, plane, gainSteps)
    const rawGain = raw + rawGains
    const plain01 = v128.and(plain(rawGain, c, plane, d0), plain(rawGain + 8, c + 16, plane, d1))
    const plain23 = v128.and(plain(rawGain + 16, c + 32, plane, d2), plain(rawGain + 24, c + 48, plane, d3))
    if (all(v128.and(plain01, plain23))) {
      v128.store(data, d0)
      v128.store(data, d1, 16)
      v128.store(data, d2, 32)
      v128.store(data, d3, 48)
      v128.store(gain, i32x4.splat(0))
      v128.store(mask, v128.load(c + M0 * plane))
      v128.store(mask, v128.load(c + M0 * plane, 16), 16)
      v128.store(mask, v128.load(c + M0 * plane, 32), 32)
      v128.store(mask, v128.load(c + M0 * plane, 48), 48)
    } else {
      for (let i: usize = 0; i < 16; i += 4)
        departures += adaptivePixels(entry, p + i, pixels, c + (i << 2), plane, params, flags, 4, gainSteps)
    }
    raw += 32
    data += 64
    gain += 16
    mask += 64
    c += 64
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
  for (let from: usize = 0; from < pixels; from += STRIP) {
    const to = min<usize>(from + STRIP, pixels)
    if (departed >= SWITCHED_WARM) {
      const plane = pixels << 2
      for (let i = T1; i <= M2; ++i) warm(constants + i * plane + (from << 2), (to - from) << 2)
      if (gainSteps) for (let i = G1; i <= B1; ++i) warm(constants + i * plane + (from << 2), (to - from) << 2)
    }
    let sum: u32 = 0
    for (let f: usize = 0; f < frames; ++f) {
      const entry = table + f * ENTRY_BYTES
      const departures = adaptiveStrip(entry, from, to, pixels, constants, params, gainSteps)
      depart(entry, departures)
      sum += departures
    }
    departed = sum
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
