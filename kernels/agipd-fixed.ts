// AGIPD in fixed gain: the per-pixel steps fused in one pass. src/kits/agipd/reference.ts defines the same, one
// pixel at a time.
import { load16f, load32, store32, storeStage } from './lanes'
import { rangeBits, stored } from './range'
import { clearDepartures, DATA, depart, ENTRY_BYTES, FLAGS, STAGE } from './table'

// Pixels whose constants stay in the second-level cache while the frames of a call are processed.
const STRIP: usize = 8192

// Planes of one cell, in units of 4·pixels bytes.
const O: usize = 0
const M: usize = 1
const FG: usize = 2
const FX: usize = 3
const FB: usize = 4

/** `n` ≤ 4 pixels from pixel `p`: the one stage of fixed gain, with every step; returns their departures. */
@inline
function fixedPixels(
  entry: usize, p: usize, constants: usize, plane: usize, flags: u32, stage: u32, n: u32, gainSteps: bool,
  listed: bool,
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
  const differs = i32x4.ne(m, m0)
  return storeStage(entry, p, i32x4.splat(stage), m, differs, differs, n, listed)
}

@inline
function fixed(
  table: usize, frames: usize, constants: usize, params: usize, gainSteps: bool, listed: bool,
): void {
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
      for (; p + 4 <= to; p += 4)
        departures += fixedPixels(entry, p, constants, plane, flags, stage, 4, gainSteps, listed)
      if (p < to)
        departures += fixedPixels(entry, p, constants, plane, flags, stage, <u32>(to - p), gainSteps, listed)
      if (!listed) depart(entry, departures)
    }
  }
}

/** Fixed gain, planes O M. */
export function agipdFixed(table: usize, frames: usize, constants: usize, params: usize): void {
  fixed(table, frames, constants, params, false, false)
}

/** Fixed gain with gain steps, planes O M G X B. */
export function agipdFixedGain(table: usize, frames: usize, constants: usize, params: usize): void {
  fixed(table, frames, constants, params, true, false)
}

export function agipdFixedListed(table: usize, frames: usize, constants: usize, params: usize): void {
  fixed(table, frames, constants, params, false, true)
}

export function agipdFixedGainListed(table: usize, frames: usize, constants: usize, params: usize): void {
  fixed(table, frames, constants, params, true, true)
}
