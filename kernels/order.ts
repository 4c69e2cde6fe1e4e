// Median and standard deviation of the finite values of a plane of f32.
import { finiteOf } from './finite'
import { upper } from './lanes'

// Bits of a key that are found at once: the counts of their values stay in the first-level cache.
const DIGIT_BITS: u32 = 11
const DIGITS: u32 = 1 << DIGIT_BITS
const TABLE: usize = DIGITS << 2

// Standard deviations around the mean within which the median of nearly all planes is.
const NEAR: f64 = 0.25

/**
 * Writes the median (even number: mean of the middle two), the population standard deviation (in f64, both NaN if
 * nothing is finite) and the number of the finite values of `count` (a multiple of 4) f32 to `out`: three f64. Values
 * are summed in four parts, every fourth value each: ((0 + 1) + (2 + 3)). `scratch` holds 4·count + 8208 bytes; all
 * pointers are aligned to 16.
 */
export function spread(values: usize, count: usize, out: usize, scratch: usize): void {
  const end = values + (count << 2)
  let finite = i32x4.splat(0)
  let sum01 = f64x2.splat(0)
  let sum23 = sum01
  for (let at = values; at < end; at += 16) {
    const v = v128.load(at)
    const is = finiteOf(v)
    finite = i32x4.sub(finite, is)
    const kept = v128.and(v, is)
    sum01 = f64x2.add(sum01, f64x2.promote_low_f32x4(kept))
    sum23 = f64x2.add(sum23, f64x2.promote_low_f32x4(upper(kept)))
  }
  const n = sumOf(finite)
  const mean = total(sum01, sum23) / <f64>n
  const deviation = deviationFrom(mean, n, values, end)
  store<f64>(out, n == 0 ? NaN : median(values, end, n, mean, deviation, scratch))
  store<f64>(out, deviation, 8)
  store<f64>(out, <f64>n, 16)
}

/** Two passes: with a known mean, no digits are lost. */
@inline
function deviationFrom(mean: f64, n: u32, values: usize, end: usize): f64 {
  const center = f64x2.splat(mean)
  let sum01 = f64x2.splat(0)
  let sum23 = sum01
  for (let at = values; at < end; at += 16) {
    const v = v128.load(at)
    const is = finiteOf(v)
    const d01 = v128.and(f64x2.sub(f64x2.promote_low_f32x4(v), center), i64x2.extend_low_i32x4_s(is))
    const d23 = v128.and(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), center), i64x2.extend_high_i32x4_s(is))
    sum01 = f64x2.add(sum01, f64x2.mul(d01, d01))
    sum23 = f64x2.add(sum23, f64x2.mul(d23, d23))
  }
  return sqrt(total(sum01, sum23) / <f64>n)
}

@inline
function sumOf(counts: v128): u32 {
  return i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1)
    + i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3)
}

@inline
function total(a: v128, b: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(b, 0) + f64x2.extract_lane(b, 1))
}

/**
 * The mean of the middle two. Values close to the mean are set aside: a few, which nearly always include both.
 * Otherwise all are. Counts of their digits find the lower one exactly, and another pass the upper one where it
 * differs.
 */
function median(values: usize, end: usize, n: u32, mean: f64, deviation: f64, scratch: usize): f64 {
  const keys = scratch + TABLE
  const lower = n - 1 >> 1
  let low = keyOf(reinterpret<u32>(<f32>(mean - NEAR * deviation)))
  let high = keyOf(reinterpret<u32>(<f32>(mean + NEAR * deviation)))
  let below = setAside(values, end, low, high, keys)
  let aside = keys + (load<u32>(scratch) << 2)
  if (lower < below || below + load<u32>(scratch) <= n >> 1) {
    low = 0
    high = u32.MAX_VALUE
    below = setAside(values, end, low, high, keys)
    aside = keys + (load<u32>(scratch) << 2)
  }
  const first = ranked(keys, aside, low, high, lower - below, scratch)
  // If more values share this one than ranks are left, the upper one is equal to it.
  if ((n & 1) || load<u32>(scratch)) return <f64>valueOf(first)
  let next: u32 = u32.MAX_VALUE
  for (let at = keys; at < aside; at += 4) {
    const key = load<u32>(at)
    if (key > first && key < next) next = key
  }
  return (<f64>valueOf(first) + <f64>valueOf(next)) / 2
}

/**
 * Writes the keys from `low` to `high` of finite values to `keys`, which holds them all, and their number to the word
 * before the table that precedes them.
 * @returns how many finite values lie below.
 */
function setAside(values: usize, end: usize, low: u32, high: u32, keys: usize): u32 {
  const lows = i32x4.splat(low)
  const highs = i32x4.splat(high)
  let below = i32x4.splat(0)
  let at = keys
  for (; values < end; values += 16) {
    const v = v128.load(values)
    const finite = finiteOf(v)
    const key = v128.xor(v, v128.or(i32x4.shr_s(v, 31), i32x4.splat(0x80000000)))
    below = i32x4.sub(below, v128.and(finite, i32x4.lt_u(key, lows)))
    const near = i32x4.bitmask(v128.and(finite, v128.and(i32x4.ge_u(key, lows), i32x4.le_u(key, highs))))
    // Without branches: each is written, and the next overwrites it unless it is near.
    v128.store32_lane(at, key, 0)
    at += (near & 1) << 2
    v128.store32_lane(at, key, 1)
    at += (near & 2) << 1
    v128.store32_lane(at, key, 2)
    at += near & 4
    v128.store32_lane(at, key, 3)
    at += (near & 8) >> 1
  }
  store<u32>(keys - TABLE, <u32>(at - keys >> 2))
  return sumOf(below)
}

/**
 * The key of this rank among those from `keys` to `end`, all of them from `low` to `high`. Whether the next rank has the
 * same goes to the first word of `table`.
 */
function ranked(keys: usize, end: usize, low: u32, high: u32, rank: u32, table: usize): u32 {
  let prefix: u32 = 0
  let sharing = <u32>(end - keys >> 2)
  for (let bits: u32 = 32 - clz<u32>(high - low); bits > 0; ) {
    const shift = bits > DIGIT_BITS ? bits - DIGIT_BITS : 0
    memory.fill(table, 0, TABLE)
    for (let at = keys; at < end; at += 4) {
      const rest = load<u32>(at) - low
      // 64 bits, for a shift by 32.
      if (<u32>(<u64>rest >> bits) != prefix) continue
      const counter = table + ((rest >> shift & DIGITS - 1) << 2)
      store<u32>(counter, load<u32>(counter) + 1)
    }
    let digit: u32 = 0
    sharing = load<u32>(table)
    while (sharing <= rank) {
      rank -= sharing
      digit += 1
      sharing = load<u32>(table + (digit << 2))
    }
    prefix = <u32>(<u64>prefix << (bits - shift)) | digit
    bits = shift
  }
  store<u32>(table, u32(rank + 1 < sharing))
  return low + prefix
}

/** All bits of negative values are inverted, of others only the sign: the order of keys is then that of values. */
@inline
function keyOf(word: u32): u32 {
  return word ^ (<u32>(<i32>word >> 31) | 0x80000000)
}

@inline
function valueOf(key: u32): f32 {
  return reinterpret<f32>(key >> 31 ? key & 0x7fffffff : ~key)
}
