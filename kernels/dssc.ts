// DSSC: one stage, raw 0 standing for 256. src/kits/dssc/reference.ts says the same one pixel at a time.
import { all, load16f, load32, store32, storeFirstStage, storeStage } from './lanes'
import { rangeBits, stored, usual } from './range'
import { clearDepartures, DATA, depart, ENTRY_BYTES, FLAGS } from './table'

// Pixels whose constants stay in cache while the frames of a call are processed.
const STRIP: usize = 8192

/** `n` ≤ 4 values after the offset; `c` points to the pixels in plane O. */
@inline
function value(raw: usize, c: usize, n: u32): v128 {
  const v = load16f(raw, n)
  const zero = f32x4.eq(v, f32x4.splat(0))
  return f32x4.sub(v128.bitselect(f32x4.splat(256), v, zero), load32(c, n))
}

/** `n` ≤ 4 pixels from pixel `p` with every step; returns their departures. */
@inline
function pixelsFrom(
  entry: usize, p: usize, constants: usize, plane: usize, flags: u32, n: u32, listed: bool,
): u32 {
  const c = constants + (p << 2)
  const d = value(<usize>load<u32>(entry) + (p << 1), c, n)
  const m0 = load32(c + plane, n)
  const m = v128.or(m0, rangeBits(d, flags))
  store32(<usize>load<u32>(entry, DATA) + (p << 2), stored(d, flags), n)
  const differs = i32x4.ne(m, m0)
  return storeStage(entry, p, i32x4.splat(0), m, differs, differs, n, listed)
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
  for (; p + 16 <= to; p += 16) {
    const d0 = value(raw, c, 4)
    const d1 = value(raw + 8, c + 16, 4)
    const d2 = value(raw + 16, c + 32, 4)
    const d3 = value(raw + 24, c + 48, 4)
    if (all(v128.and(v128.and(usual(d0), usual(d1)), v128.and(usual(d2), usual(d3))))) {
      v128.store(data, d0)
      v128.store(data, d1, 16)
      v128.store(data, d2, 32)
      v128.store(data, d3, 48)
      storeFirstStage(entry, p, c + plane, listed)
    } else {
      for (let i: usize = 0; i < 16; i += 4) departures += pixelsFrom(entry, p + i, constants, plane, flags, 4, listed)
    }
    raw += 32
    data += 64
    c += 64
  }
  while (p < to) {
    const n = min<usize>(4, to - p)
    departures += pixelsFrom(entry, p, constants, plane, flags, <u32>n, listed)
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
    for (let f: usize = 0; f < frames; ++f) {
      const entry = table + f * ENTRY_BYTES
      const departures = strip(entry, from, to, constants, pixels << 2, flags, listed)
      if (!listed) depart(entry, departures)
    }
  }
}

/** Planes O M. */
export function dssc(table: usize, frames: usize, constants: usize, params: usize): void {
  correct(table, frames, constants, params, false)
}

export function dsscListed(table: usize, frames: usize, constants: usize, params: usize): void {
  correct(table, frames, constants, params, true)
}
