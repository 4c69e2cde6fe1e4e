// LPD in parallel gain: every pulse was stored in each stage, and each pixel takes the highest that is not saturated.
// src/kits/lpd/reference.ts says the same one pixel at a time.
import { all, load16, load32, store32, storeFirstStage, storeStage } from './lanes'
import { rangeBits, stored, usual } from './range'
import { clearDepartures, DATA, depart, ENTRY_BYTES, FLAGS, LOW, MEDIUM } from './table'
import { warm } from './warm'

// Pixels whose constants stay in cache while the frames of a call are processed.
const STRIP: usize = 8192

// From this number of saturated pixels in the previous strip on (all frames of a call together) it is cheaper to stream
// the planes of the other stages through the cache first. It affects only speed.
const SATURATED_WARM: u32 = <u32>STRIP / 128
let departed: u32 = 0

// Planes of one cell, in units of 4·pixels bytes: offset, factor and mask of each stage, and the values from which on
// high and medium gain are saturated.
const O0: usize = 0
const K0: usize = 1
const M0: usize = 2
const O1: usize = 3
const K1: usize = 4
const M1: usize = 5
const O2: usize = 6
const K2: usize = 7
const M2: usize = 8
const S0: usize = 9
const S1: usize = 10

/** `n` ≤ 4 raw numbers without their gain bits, as f32. */
@inline
function signal(ptr: usize, n: u32): v128 {
  return f32x4.convert_i32x4_s(v128.and(load16(ptr, n), i32x4.splat(0xfff)))
}

/** Offset and factor, whose planes are adjacent. */
@inline
function corrected(v: v128, o: usize, plane: usize, n: u32): v128 {
  return f32x4.mul(f32x4.sub(v, load32(o, n)), load32(o + plane, n))
}

/**
 * `n` ≤ 4 pixels from pixel `p` with every step and every stage; returns their departures.
 * `c` points to the pixels in the first plane of constants, planes are `plane` bytes apart.
 */
@inline
function pixelsFrom(
  entry: usize, p: usize, c: usize, plane: usize, flags: u32, n: u32, listed: bool,
): u32 {
  const v0 = signal(<usize>load<u32>(entry) + (p << 1), n)
  const v1 = signal(<usize>load<u32>(entry, MEDIUM) + (p << 1), n)
  const v2 = signal(<usize>load<u32>(entry, LOW) + (p << 1), n)
  const switched = f32x4.ge(v0, load32(c + S0 * plane, n))
  const low = v128.and(switched, f32x4.ge(v1, load32(c + S1 * plane, n)))

  const d0 = corrected(v0, c + O0 * plane, plane, n)
  const d1 = corrected(v1, c + O1 * plane, plane, n)
  const d2 = corrected(v2, c + O2 * plane, plane, n)
  const d = v128.bitselect(d2, v128.bitselect(d1, d0, switched), low)

  const m0 = load32(c + M0 * plane, n)
  let m = v128.bitselect(load32(c + M1 * plane, n), m0, switched)
  m = v128.bitselect(load32(c + M2 * plane, n), m, low)
  m = v128.or(m, rangeBits(d, flags))

  store32(<usize>load<u32>(entry, DATA) + (p << 2), stored(d, flags), n)
  const differs = i32x4.ne(m, m0)
  const gain = i32x4.neg(i32x4.add(switched, low))
  return storeStage(entry, p, gain, m, v128.or(switched, differs), differs, n, listed)
}

/** Pixels `from` … `to` − 1 of one frame; returns their departures. */
@inline
function strip(
  entry: usize, from: usize, to: usize, constants: usize, plane: usize, flags: u32, listed: bool,
): u32 {
  let raw = <usize>load<u32>(entry) + (from << 1)
  let c = constants + (from << 2)
  let departures: u32 = 0
  let p = from
  // Most pixels are not saturated in high gain: then neither the other raw frames nor their planes are read.
  for (; p + 16 <= to; p += 16) {
    let saturated = i32x4.splat(0)
    let calm = i32x4.splat(-1)
    const data = <usize>load<u32>(entry, DATA) + (p << 2)
    for (let i: usize = 0; i < 64; i += 16) {
      const v = signal(raw + (i >> 1), 4)
      const d = corrected(v, c + O0 * plane + i, plane, 4)
      saturated = v128.or(saturated, f32x4.ge(v, v128.load(c + S0 * plane + i)))
      calm = v128.and(calm, usual(d))
      v128.store(data + i, d)
    }
    if (all(v128.andnot(calm, saturated))) storeFirstStage(entry, p, c + M0 * plane, listed)
    else {
      for (let i: usize = 0; i < 16; i += 4)
        departures += pixelsFrom(entry, p + i, c + (i << 2), plane, flags, 4, listed)
    }
    raw += 32
    c += 64
  }
  while (p < to) {
    const n = min<usize>(4, to - p)
    departures += pixelsFrom(entry, p, constants + (p << 2), plane, flags, <u32>n, listed)
    p += n
  }
  return departures
}

@inline
function correct(table: usize, frames: usize, constants: usize, params: usize, listed: bool): void {
  const pixels = <usize>load<u32>(params)
  const flags = load<u32>(params, FLAGS)
  clearDepartures(table, frames)
  for (let from: usize = 0; from < pixels; from += STRIP) {
    const to = min<usize>(from + STRIP, pixels)
    if (departed >= SATURATED_WARM)
      warm(constants + O1 * (pixels << 2) + (from << 2), S1 - O1 + 1, pixels << 2, (to - from) << 2)
    let sum: u32 = 0
    for (let f: usize = 0; f < frames; ++f) {
      const entry = table + f * ENTRY_BYTES
      const departures = strip(entry, from, to, constants, pixels << 2, flags, listed)
      if (!listed) depart(entry, departures)
      sum += departures
    }
    departed = sum
  }
}

/** Planes O0 K0 M0 O1 K1 M1 O2 K2 M2 S0 S1. */
export function lpdParallel(table: usize, frames: usize, constants: usize, params: usize): void {
  correct(table, frames, constants, params, false)
}

export function lpdParallelListed(table: usize, frames: usize, constants: usize, params: usize): void {
  correct(table, frames, constants, params, true)
}
