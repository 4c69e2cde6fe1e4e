// What is wrong with the pixels of a dark run: bits of bad-pixel masks. All comparisons are in f64 on the f32 values.
import { finiteOf } from './finite'
import { upper } from './lanes'

/**
 * ORs `bit` into `bad` where a value lies more than `width` from `center`, or outside of `low` … `high`, and
 * `notFinite` where it is not finite: such values compare false throughout. `count` is a multiple of 4; pointers are
 * aligned to 16.
 */
export function markOutside(
  values: usize, count: usize, center: f64, width: f64, low: f64, high: f64, bit: u32, notFinite: u32, bad: usize,
): void {
  const end = values + (count << 2)
  const centers = f64x2.splat(center)
  const widths = f64x2.splat(width)
  const lows = f64x2.splat(low)
  const highs = f64x2.splat(high)
  for (; values < end; values += 16) {
    const v = v128.load(values)
    const out01 = outside(f64x2.promote_low_f32x4(v), centers, widths, lows, highs)
    const out23 = outside(f64x2.promote_low_f32x4(upper(v)), centers, widths, lows, highs)
    const out = v128.and(i32x4.shuffle(out01, out23, 0, 2, 4, 6), i32x4.splat(bit))
    const infinite = v128.andnot(i32x4.splat(notFinite), finiteOf(v))
    v128.store(bad, v128.or(v128.load(bad), v128.or(out, infinite)))
    bad += 16
  }
}

@inline
function outside(v: v128, center: v128, width: v128, low: v128, high: v128): v128 {
  return v128.or(
    f64x2.gt(f64x2.abs(f64x2.sub(v, center)), width),
    v128.or(f64x2.lt(v, low), f64x2.gt(v, high)),
  )
}

/**
 * ORs `bit` into `badA` and `badB` where two means are less than `separation` of their common standard deviation apart,
 * or the same where that is 0. `count` is a multiple of 2.
 */
export function markClose(
  meanA: usize, deviationA: usize, meanB: usize, deviationB: usize, count: usize, separation: f64, bit: u32,
  badA: usize, badB: usize,
): void {
  const zero = f64x2.splat(0)
  const least = f64x2.splat(separation)
  for (let at: usize = 0; at < count << 2; at += 8) {
    const step = f64x2.sub(pair(meanB + at), pair(meanA + at))
    const a = pair(deviationA + at)
    const b = pair(deviationB + at)
    const width = f64x2.sqrt(f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b)))
    const none = f64x2.eq(width, zero)
    const close = v128.bitselect(f64x2.eq(step, zero), f64x2.lt(f64x2.div(step, width), least), none)
    if (!v128.any_true(close)) continue
    const bits = v128.and(i32x4.shuffle(close, close, 0, 2, 0, 2), i32x4.splat(bit))
    v128.store64_lane(badA + at, v128.or(v128.load64_zero(badA + at), bits), 0)
    v128.store64_lane(badB + at, v128.or(v128.load64_zero(badB + at), bits), 0)
  }
}

@inline
function pair(values: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(values))
}

/** Writes to `out` how many of `count` (a multiple of 4) masks have bit 0, 1, … 31, and how many have any: 33 u32. */
export function countBits(masks: usize, count: usize, out: usize): void {
  memory.fill(out, 0, 33 << 2)
  const end = masks + (count << 2)
  for (; masks < end; masks += 16) {
    if (!v128.any_true(v128.load(masks))) continue
    for (let i: usize = 0; i < 16; i += 4) {
      let rest = load<u32>(masks + i)
      if (!rest) continue
      increment(out, 32)
      for (; rest; rest &= rest - 1) increment(out, ctz(rest))
    }
  }
}

@inline
function increment(counts: usize, i: usize): void {
  const at = counts + (i << 2)
  store<u32>(at, load<u32>(at) + 1)
}
