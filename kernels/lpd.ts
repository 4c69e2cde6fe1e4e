// LPD: the gain stage in bits 12 and 13 of a raw number. src/kits/lpd/reference.ts says the same one pixel
// at a time.
import { all, load16, load32, store32, storeFirstStage, storeStage } from './lanes'
import { rangeBits, stored, usual } from './range'
import { clearDepartures, DATA, depart, ENTRY_BYTES, FLAGS } from './table'
import { warm } from './warm'

// Pixels whose constants stay in cache while the frames of a call are processed.
const STRIP: usize = 8192

// A pixel that switched costs misses in planes that are otherwise not read: from one in 128 on (all frames of a call
// together) it is cheaper to stream those planes of the strip through the cache first.
const SWITCHED_WARM: u32 = <u32>STRIP / 128

// Departures of the previous strip, as an estimate. It affects only speed.
let departed: u32 = 0

const WRONG_GAIN_VALUE: u32 = 1 << 21

// Planes of one cell, in units of 4·pixels bytes: offset, factor and mask of each stage.
const O0: usize = 0
const K0: usize = 1
const M0: usize = 2
const O1: usize = 3
const K1: usize = 4
const M1: usize = 5
const O2: usize = 6
const K2: usize = 7
const M2: usize = 8

/** Four i32 without their gain bits, as f32. */
@inline
function signal(raw: v128): v128 {
  return f32x4.convert_i32x4_s(v128.and(raw, i32x4.splat(0xfff)))
}

/**
 * `n` ≤ 4 pixels from pixel `p` with every step and every stage; returns their departures.
 * `c` points to the pixels in the first plane of constants, planes are `plane` bytes apart.
 */
@inline
function pixelsFrom(
  entry: usize, p: usize, c: usize, plane: usize, flags: u32, n: u32, listed: bool,
): u32 {
  const raw = load16(<usize>load<u32>(entry) + (p << 1), n)
  const bits = v128.and(raw, i32x4.splat(0x3000))
  const switched = i32x4.ne(bits, i32x4.splat(0))
  const low = i32x4.gt_s(bits, i32x4.splat(0x1000))
  const wrong = i32x4.eq(bits, i32x4.splat(0x3000))

  const o01 = v128.bitselect(load32(c + O1 * plane, n), load32(c + O0 * plane, n), switched)
  const k01 = v128.bitselect(load32(c + K1 * plane, n), load32(c + K0 * plane, n), switched)
  const o = v128.bitselect(load32(c + O2 * plane, n), o01, low)
  const k = v128.bitselect(load32(c + K2 * plane, n), k01, low)
  const d = f32x4.mul(f32x4.sub(signal(raw), o), k)

  const m0 = load32(c + M0 * plane, n)
  let m = v128.bitselect(load32(c + M1 * plane, n), m0, switched)
  m = v128.bitselect(load32(c + M2 * plane, n), m, low)
  m = v128.or(m, v128.and(wrong, i32x4.splat(WRONG_GAIN_VALUE)))
  m = v128.or(m, rangeBits(d, flags))

  store32(<usize>load<u32>(entry, DATA) + (p << 2), stored(d, flags), n)
  const differs = i32x4.ne(m, m0)
  const gain = i32x4.neg(i32x4.add(switched, low))
  return storeStage(entry, p, gain, m, v128.or(switched, differs), differs, n, listed)
}

/** Four pixels as they are in high gain. */
@inline
function high(raw: usize, c: usize, plane: usize): v128 {
  const v = signal(v128.load_ext<u16>(raw))
  return f32x4.mul(f32x4.sub(v, v128.load(c + O0 * plane)), v128.load(c + K0 * plane))
}

/** Pixels `from` … `to` − 1 of one frame; returns their departures. */
@inline
function strip(
  entry: usize, from: usize, to: usize, constants: usize, plane: usize, flags: u32, listed: bool,
): u32 {
  let raw = <usize>load<u32>(entry) + (from << 1)
  let data = <usize>load<u32>(entry, DATA) + (from << 2)
  let c = constants + (from << 2)
  let departures: u32 = 0
  let p = from
  // Most groups of sixteen pixels are all in high gain: then only the first planes are read.
  for (; p + 16 <= to; p += 16) {
    const bits = v128.and(v128.or(v128.load(raw), v128.load(raw, 16)), i16x8.splat(0x3000))
    let calm = !v128.any_true(bits)
    if (calm) {
      const d0 = high(raw, c, plane)
      const d1 = high(raw + 8, c + 16, plane)
      const d2 = high(raw + 16, c + 32, plane)
      const d3 = high(raw + 24, c + 48, plane)
      calm = all(v128.and(v128.and(usual(d0), usual(d1)), v128.and(usual(d2), usual(d3))))
      if (calm) {
        v128.store(data, d0)
        v128.store(data, d1, 16)
        v128.store(data, d2, 32)
        v128.store(data, d3, 48)
        storeFirstStage(entry, p, c + M0 * plane, listed)
      }
    }
    if (!calm)
      for (let i: usize = 0; i < 16; i += 4)
        departures += pixelsFrom(entry, p + i, c + (i << 2), plane, flags, 4, listed)
    raw += 32
    data += 64
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
  const plane = pixels << 2
  clearDepartures(table, frames)
  for (let from: usize = 0; from < pixels; from += STRIP) {
    const to = min<usize>(from + STRIP, pixels)
    if (departed >= SWITCHED_WARM) warm(constants + O1 * plane + (from << 2), M2 - O1 + 1, plane, (to - from) << 2)
    let sum: u32 = 0
    for (let f: usize = 0; f < frames; ++f) {
      const entry = table + f * ENTRY_BYTES
      const departures = strip(entry, from, to, constants, plane, flags, listed)
      if (!listed) depart(entry, departures)
      sum += departures
    }
    departed = sum
  }
}

/** Planes O0 K0 M0 O1 K1 M1 O2 K2 M2. */
export function lpd(table: usize, frames: usize, constants: usize, params: usize): void {
  correct(table, frames, constants, params, false)
}

export function lpdListed(table: usize, frames: usize, constants: usize, params: usize): void {
  correct(table, frames, constants, params, true)
}
