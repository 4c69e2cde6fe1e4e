// AGIPD from step 8 on, of values that agipd-stages.ts left and whatever came in between: gains, mask, range, photons.
// src/kits/agipd/reference.ts says the same one pixel at a time.
import { finishedPixel, G0, M0, X } from './agipd-pixel'
import { load32, store32, storeStage } from './lanes'
import { beyond, countable, rounded, tooMany } from './photons'
import { rangeBits, stored, usual } from './range'
import { DATA, depart, DEPARTURES, ENTRY_BYTES, FLAGS, HIGH_IS_ONE, MASK, RANGE, ROUND, STAGE, STAGES, STD_IS_ZERO, STILL } from './table'

/** Four values in high gain. */
@inline
function gained(d: v128, c: usize, plane: usize, gainSteps: bool): v128 {
  return gainSteps ? f32x4.mul(f32x4.mul(d, v128.load(c + G0 * plane)), v128.load(c + X * plane)) : d
}

/** Bytes: all ones where two times eight lanes are true. */
@inline
function narrow(a: v128, b: v128, c: v128, d: v128): u32 {
  return i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
}

/** Stores what four lanes come to; those that are not `plain` keep their value, for {@link finishedPixel}. */
@inline
function keep(data: usize, value: v128, d: v128, plain: v128): void {
  v128.store(data, v128.bitselect(value, d, plain))
}

/** Lanes that need no look at their own constants. */
@inline
function plainLanes(d: v128, photons: v128, params: usize, round: bool): v128 {
  return round ? v128.andnot(usual(d), beyond(d, photons, params)) : usual(d)
}

@inline
function adaptive(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize, gainSteps: bool, listed: bool,
  round: bool, highGain: bool,
): void {
  const plane = <usize>load<u32>(params) << 2
  const flags = load<u32>(params, FLAGS)
  const changes = highGain || round
  for (let f: usize = 0; f < frames; ++f) {
    const entry = table + f * ENTRY_BYTES
    const stages = <usize>load<u32>(entry, STAGES)
    const still = <usize>load<u32>(entry, STILL)
    let departures: u32 = 0
    if (from == 0) store<u32>(entry, 0, DEPARTURES)
    let p = from
    for (; p + 16 <= to; p += 16) {
      const c = constants + (p << 2)
      const data = <usize>load<u32>(entry, DATA) + (p << 2)
      const d0 = v128.load(data), d1 = v128.load(data, 16), d2 = v128.load(data, 32), d3 = v128.load(data, 48)
      const v0 = gained(d0, c, plane, highGain), v1 = gained(d1, c + 16, plane, highGain)
      const v2 = gained(d2, c + 32, plane, highGain), v3 = gained(d3, c + 48, plane, highGain)
      const q0 = round ? rounded(v0, params) : v0, q1 = round ? rounded(v1, params) : v1
      const q2 = round ? rounded(v2, params) : v2, q3 = round ? rounded(v3, params) : v3
      const p0 = plainLanes(v0, q0, params, round), p1 = plainLanes(v1, q1, params, round)
      const p2 = plainLanes(v2, q2, params, round), p3 = plainLanes(v3, q3, params, round)
      const zero = i32x4.splat(0)
      let lanes = narrow(p0, p1, p2, p3) ^ 0xffff
      const g = v128.load(stages + p)
      const noted = i8x16.ne(still ? v128.or(g, v128.load(still + p)) : g, zero)
      lanes |= i8x16.bitmask(noted)
      if (!listed) {
        const m = c + M0 * plane
        const mask = <usize>load<u32>(entry, MASK) + (p << 2)
        v128.store(mask, v128.load(m))
        v128.store(mask, v128.load(m, 16), 16)
        v128.store(mask, v128.load(m, 32), 32)
        v128.store(mask, v128.load(m, 48), 48)
      }
      if (!lanes) {
        if (changes) {
          v128.store(data, q0)
          v128.store(data, q1, 16)
          v128.store(data, q2, 32)
          v128.store(data, q3, 48)
        }
        continue
      }
      if (changes) {
        const n0 = i16x8.extend_low_i8x16_s(noted), n1 = i16x8.extend_high_i8x16_s(noted)
        keep(data, q0, d0, v128.andnot(p0, i32x4.extend_low_i16x8_s(n0)))
        keep(data + 16, q1, d1, v128.andnot(p1, i32x4.extend_high_i16x8_s(n0)))
        keep(data + 32, q2, d2, v128.andnot(p2, i32x4.extend_low_i16x8_s(n1)))
        keep(data + 48, q3, d3, v128.andnot(p3, i32x4.extend_high_i16x8_s(n1)))
      }
      for (; lanes; lanes &= lanes - 1)
        departures += one(entry, p + <usize>ctz(lanes), stages, plane, constants, params, flags, gainSteps, listed)
    }
    for (; p < to; ++p) departures += one(entry, p, stages, plane, constants, params, flags, gainSteps, listed)
    if (!listed) depart(entry, departures)
  }
}

@inline
function one(
  entry: usize, p: usize, stages: usize, plane: usize, constants: usize, params: usize, flags: u32, gainSteps: bool,
  listed: bool,
): u32 {
  const d = load<f32>(<usize>load<u32>(entry, DATA) + (p << 2))
  const stage = <u32>load<u8>(stages + p)
  return finishedPixel(entry, p, d, stage, plane, constants, params, flags, gainSteps, listed, true)
}

@inline
function either(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize, gainSteps: bool, listed: bool,
): void {
  const flags = load<u32>(params, FLAGS)
  if (flags & ROUND) adaptive(table, frames, constants, params, from, to, gainSteps, listed, true, gainSteps)
  else if (!gainSteps || flags & HIGH_IS_ONE)
    adaptive(table, frames, constants, params, from, to, gainSteps, listed, false, false)
  else adaptive(table, frames, constants, params, from, to, gainSteps, listed, false, true)
}

/**
 * Pixels `from` … `to` − 1 of `frames` frames of one cell in adaptive gain, strips in ascending order from 0 on. Where
 * planes are stored, that of the stages is that of the gain.
 */
export function agipdFinish(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  either(table, frames, constants, params, from, to, false, false)
}

export function agipdFinishListed(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  either(table, frames, constants, params, from, to, false, true)
}

export function agipdGainFinish(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  either(table, frames, constants, params, from, to, true, false)
}

export function agipdGainFinishListed(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  either(table, frames, constants, params, from, to, true, true)
}

// Planes of one cell in fixed gain, in units of 4·pixels bytes: O M G X B.
const FM: usize = 1
const FG: usize = 2
const FX: usize = 3
const FB: usize = 4

@inline
function fixedPixels(
  entry: usize, p: usize, constants: usize, plane: usize, params: usize, flags: u32, n: u32, gainSteps: bool,
  listed: bool,
): u32 {
  const c = constants + (p << 2)
  const data = <usize>load<u32>(entry, DATA) + (p << 2)
  const still = <usize>load<u32>(entry, STILL)
  let d = load32(data, n)
  if (gainSteps) {
    d = f32x4.mul(d, load32(c + FG * plane, n))
    d = f32x4.add(d, load32(c + FB * plane, n))
    d = f32x4.mul(d, load32(c + FX * plane, n))
  }
  const m0 = load32(c + FM * plane, n)
  let m = v128.or(m0, rangeBits(d, flags & ROUND ? flags | RANGE : flags))
  if (still) {
    let bits = i32x4.splat(load<u8>(still + p))
    if (n > 1) bits = i32x4.replace_lane(bits, 1, load<u8>(still + p, 1))
    if (n > 2) bits = i32x4.replace_lane(bits, 2, load<u8>(still + p, 2))
    if (n > 3) bits = i32x4.replace_lane(bits, 3, load<u8>(still + p, 3))
    m = v128.or(m, i32x4.shl(bits, STD_IS_ZERO))
  }
  if (flags & ROUND) {
    const photons = rounded(d, params)
    m = v128.or(m, tooMany(d, photons, params))
    d = countable(d, photons, params)
  }
  store32(data, stored(d, flags), n)
  const differs = i32x4.ne(m, m0)
  return storeStage(entry, p, i32x4.splat(load<u32>(params, STAGE)), m, differs, differs, n, listed)
}

@inline
function fixed(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize, gainSteps: bool, listed: bool,
): void {
  const plane = <usize>load<u32>(params) << 2
  const flags = load<u32>(params, FLAGS)
  for (let f: usize = 0; f < frames; ++f) {
    const entry = table + f * ENTRY_BYTES
    if (from == 0) store<u32>(entry, 0, DEPARTURES)
    let departures: u32 = 0
    let p = from
    for (; p + 4 <= to; p += 4)
      departures += fixedPixels(entry, p, constants, plane, params, flags, 4, gainSteps, listed)
    if (p < to)
      departures += fixedPixels(entry, p, constants, plane, params, flags, <u32>(to - p), gainSteps, listed)
    if (!listed) depart(entry, departures)
  }
}

/** The same in fixed gain, planes O M. */
export function agipdFixedFinish(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  fixed(table, frames, constants, params, from, to, false, false)
}

export function agipdFixedFinishListed(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  fixed(table, frames, constants, params, from, to, false, true)
}

/** Planes O M G X B. */
export function agipdFixedGainFinish(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  fixed(table, frames, constants, params, from, to, true, false)
}

export function agipdFixedGainFinishListed(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  fixed(table, frames, constants, params, from, to, true, true)
}
