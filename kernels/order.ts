// Middle and width of a plane of f32, of the values that are finite.

// All ones in infinities and NaN.
const EXPONENT: u32 = 0x7f800000

// Of a key, found at once from the top: 11, 11 and 10 bits.
const DIGITS: usize = 2048
const TABLE: usize = DIGITS << 2

/**
 * Writes of `count` (a multiple of 4) f32 the median (even number: mean of the middle two), the population standard
 * deviation (in f64, both NaN if nothing is finite) and the number of finite values to `out`: three f64. Values are
 * summed in four parts, of every fourth each: ((0 + 1) + (2 + 3)). `scratch` holds 4·count + 16384 bytes; all pointers
 * are aligned to 16.
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
  const n = i32x4.extract_lane(finite, 0) + i32x4.extract_lane(finite, 1)
    + i32x4.extract_lane(finite, 2) + i32x4.extract_lane(finite, 3)
  const mean = total(sum01, sum23) / <f64>n
  store<f64>(out, f64x2.extract_lane(deviations(values, end, mean, n), 0), 8)
  store<f64>(out, <f64>n, 16)
  store<f64>(out, n == 0 ? NaN : median(values, end, n, scratch))
}

/** Two passes: with the mean known, no digits are lost. */
@inline
function deviations(values: usize, end: usize, mean: f64, n: i32): v128 {
  const middle = f64x2.splat(mean)
  let sum01 = f64x2.splat(0)
  let sum23 = sum01
  for (let at = values; at < end; at += 16) {
    const v = v128.load(at)
    const is = finiteOf(v)
    const d01 = v128.and(f64x2.sub(f64x2.promote_low_f32x4(v), middle), i64x2.extend_low_i32x4_s(is))
    const d23 = v128.and(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), middle), i64x2.extend_high_i32x4_s(is))
    sum01 = f64x2.add(sum01, f64x2.mul(d01, d01))
    sum23 = f64x2.add(sum23, f64x2.mul(d23, d23))
  }
  return f64x2.splat(sqrt(total(sum01, sum23) / <f64>n))
}

@inline
function finiteOf(v: v128): v128 {
  const exponent = i32x4.splat(EXPONENT)
  return i32x4.ne(v128.and(v, exponent), exponent)
}

@inline
function upper(v: v128): v128 {
  return i64x2.shuffle(v, v, 1, 1)
}

@inline
function total(a: v128, b: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(b, 0) + f64x2.extract_lane(b, 1))
}

/**
 * Counts of the digits of keys, whose unsigned order is the values', find the lower of the middle two exactly; where the
 * upper one is another, one more pass finds it. Neighbours share the first digit: two tables in turn, so that counting
 * one does not wait for the other.
 */
function median(values: usize, end: usize, n: i32, scratch: usize): f64 {
  let rank = <u32>(n - 1) >> 1
  const keys = scratch + 2 * TABLE
  memory.fill(scratch, 0, 2 * TABLE)
  let odd: usize = 0
  for (let at = values; at < end; at += 4) {
    const word = load<u32>(at)
    if ((word & EXPONENT) == EXPONENT) continue
    increment(scratch + odd + (keyOf(word) >> 21 << 2))
    odd ^= TABLE
  }
  for (let i: usize = 0; i < TABLE; i += 16)
    v128.store(scratch + i, i32x4.add(v128.load(scratch + i), v128.load(scratch + TABLE + i)))
  let digit = digitOf(scratch, rank)
  rank = load<u32>(scratch + TABLE)
  let prefix = digit << 21

  // Of the others only those matter that share the first digit.
  memory.fill(scratch, 0, TABLE)
  let some = keys
  for (let at = values; at < end; at += 4) {
    const word = load<u32>(at)
    const key = keyOf(word)
    store<u32>(some, key)
    if (key >> 21 != digit || (word & EXPONENT) == EXPONENT) continue
    some += 4
    increment(scratch + (key >> 10 & 0x7ff) * 4)
  }
  digit = digitOf(scratch, rank)
  rank = load<u32>(scratch + TABLE)
  prefix |= digit << 10

  memory.fill(scratch, 0, TABLE)
  for (let at = keys; at < some; at += 4) {
    const key = load<u32>(at)
    if (key >> 10 == prefix >> 10) increment(scratch + (key & 0x3ff) * 4)
  }
  digit = digitOf(scratch, rank)
  rank = load<u32>(scratch + TABLE)
  prefix |= digit
  const found = <f64>valueOf(prefix)
  if ((n & 1) || rank + 1 < load<u32>(scratch + (digit << 2))) return found

  let next: u32 = u32.MAX_VALUE
  for (let at = values; at < end; at += 4) {
    const word = load<u32>(at)
    const key = keyOf(word)
    if (key > prefix && key < next && (word & EXPONENT) != EXPONENT) next = key
  }
  return (found + <f64>valueOf(next)) / 2
}

@inline
function increment(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1)
}

/** The digit of the value of this rank; its rank among those that share the digit goes behind the table. */
function digitOf(table: usize, rank: u32): u32 {
  let digit: u32 = 0
  for (let n = load<u32>(table); n <= rank; n = load<u32>(table + (digit << 2))) {
    rank -= n
    digit += 1
  }
  store<u32>(table + TABLE, rank)
  return digit
}

/** Negative values have all bits turned, others the sign: then the order of keys is that of values. */
@inline
function keyOf(word: u32): u32 {
  return word ^ (<u32>(<i32>word >> 31) | 0x80000000)
}

@inline
function valueOf(key: u32): f32 {
  return reinterpret<f32>(key >> 31 ? key & 0x7fffffff : ~key)
}
