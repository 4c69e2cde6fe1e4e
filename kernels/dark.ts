// Statistics of dark frames: for every pixel the exact median, mean and standard deviation of its samples over all
// frames of one memory cell. Sums are integers and the select is exact, so the result depends neither on the order of
// the frames nor on how the work is divided.
import { middleSamples } from './dark-median'
import { baseOf, decoded, WIDE } from './dark-sample'
import { addWide, BASE, SQUARES, squaresHigh, squaresLow, storeMoments, SUM } from './dark-sums'

// Pixels whose samples are gathered at once: a cache line of u16, four vectors.
const GROUP: usize = 32
// After the four columns of samples, for each of them: what was subtracted, and all bits that its samples have.
const HEAD: usize = 32
const BITS: usize = 16
// Then the sums of the current column (dark-sums.ts), and its two middle samples (u16).
const MIDDLE: usize = 144
const NEXT: usize = 160

/**
 * Statistics of `pixels` (a multiple of 8) pixels over `frames` (1 … 65535) frames that lie `stride` bytes apart. A
 * sample is `(raw >> shift) & bits`, and `zeroAs` where that is 0. f32 planes are written to `median`, `mean` and
 * `deviation` where these are not 0: the middle sample (even count: mean of the middle two), Σv / n, and the population
 * standard deviation √(n·Σv² − (Σv)²) / n, both of exact integers, in f64, rounded once more to f32. `scratch` holds
 * 64·frames (rounded up to a multiple of 4) + 304 bytes, aligned to 16.
 */
export function darkStatistics(
  src: usize, frames: usize, stride: usize, pixels: usize, shift: i32, bits: u32, zeroAs: u32,
  median: usize, mean: usize, deviation: usize, scratch: usize,
): void {
  const column = (frames + 3 & ~3) << 4
  const heads = scratch + 4 * column
  const result = heads + 4 * HEAD
  const plain = shift == 0 && bits == 0xffff && zeroAs == 0
  // Zeros at the end of a column pad it to whole quadruples.
  for (let i: usize = 0; i < 4; ++i)
    memory.fill(scratch + i * column + (frames << 4), 0, column - (frames << 4))
  for (let p: usize = 0; p < pixels; p += GROUP) {
    const vectors = min<usize>(GROUP, pixels - p) >> 3
    const from = src + (p << 1)
    if (vectors < 4) for (let i: usize = 0; i < vectors; ++i)
      gather(from + (i << 4), frames, stride, shift, bits, zeroAs, scratch + i * column, heads + i * HEAD)
    else if (plain) gather4(from, frames, stride, 0, 0, 0, true, scratch, column, heads)
    else gather4(from, frames, stride, shift, bits, zeroAs, false, scratch, column, heads)
    for (let i: usize = 0; i < vectors; ++i) {
      const samples = scratch + i * column
      const at = (p << 2) + (i << 5)
      const narrow = sums(samples, frames, column, heads + i * HEAD, result)
      storeMoments(result, frames, mean ? mean + at : 0, deviation ? deviation + at : 0)
      if (median) {
        const spread = deviation ? largest(deviation + at) : 0
        middleSamples(samples, frames, narrow ? result + SUM : 0, spread, result + MIDDLE, result + NEXT)
        storeMedians(result, narrow, median + at)
      }
    }
  }
}

/** The samples of 32 pixels, four columns of vectors, each minus its base, slightly below its first sample. */
@inline
function gather4(
  src: usize, frames: usize, stride: usize, shift: i32, bits: u32, zeroAs: u32, plain: bool,
  dst: usize, column: usize, heads: usize,
): void {
  const base0 = baseOf(decoded(v128.load(src), shift, bits, zeroAs, plain))
  const base1 = baseOf(decoded(v128.load(src, 16), shift, bits, zeroAs, plain))
  const base2 = baseOf(decoded(v128.load(src, 32), shift, bits, zeroAs, plain))
  const base3 = baseOf(decoded(v128.load(src, 48), shift, bits, zeroAs, plain))
  let bits0 = i16x8.splat(0)
  let bits1 = bits0
  let bits2 = bits0
  let bits3 = bits0
  const end = dst + (frames << 4)
  for (; dst < end; dst += 16) {
    const x0 = i16x8.sub(decoded(v128.load(src), shift, bits, zeroAs, plain), base0)
    const x1 = i16x8.sub(decoded(v128.load(src, 16), shift, bits, zeroAs, plain), base1)
    const x2 = i16x8.sub(decoded(v128.load(src, 32), shift, bits, zeroAs, plain), base2)
    const x3 = i16x8.sub(decoded(v128.load(src, 48), shift, bits, zeroAs, plain), base3)
    v128.store(dst, x0)
    v128.store(dst + column, x1)
    v128.store(dst + 2 * column, x2)
    v128.store(dst + 3 * column, x3)
    bits0 = v128.or(bits0, x0)
    bits1 = v128.or(bits1, x1)
    bits2 = v128.or(bits2, x2)
    bits3 = v128.or(bits3, x3)
    src += stride
  }
  storeHead(heads, base0, bits0)
  storeHead(heads + HEAD, base1, bits1)
  storeHead(heads + 2 * HEAD, base2, bits2)
  storeHead(heads + 3 * HEAD, base3, bits3)
}

/** The samples of eight pixels, one column of vectors. */
function gather(
  src: usize, frames: usize, stride: usize, shift: i32, bits: u32, zeroAs: u32, dst: usize, head: usize,
): void {
  const base = baseOf(decoded(v128.load(src), shift, bits, zeroAs, false))
  let all = i16x8.splat(0)
  const end = dst + (frames << 4)
  for (; dst < end; dst += 16) {
    const x = i16x8.sub(decoded(v128.load(src), shift, bits, zeroAs, false), base)
    v128.store(dst, x)
    all = v128.or(all, x)
    src += stride
  }
  storeHead(head, base, all)
}

@inline
function storeHead(head: usize, base: v128, bits: v128): void {
  v128.store(head, base)
  v128.store(head, bits, BITS)
}

/**
 * Σx and Σx² of a column, and the base that makes samples of x; n·Σx² − (Σx)² is the same as for the samples
 * themselves. The column is left in a form that signed comparison orders correctly.
 * @returns whether all pixels stayed near their first sample.
 */
function sums(samples: usize, frames: usize, column: usize, head: usize, result: usize): bool {
  const narrow = !v128.any_true(v128.and(v128.load(head, BITS), i16x8.splat(WIDE)))
  if (narrow) {
    v128.store(result, v128.load(head), BASE)
    narrowSums(samples, samples + column, result)
  } else wideSums(samples, samples + (frames << 4), v128.load(head), result)
  return narrow
}

// Vectors whose x below 1024 u16 can sum up, and whose squares i32 can.
const SUM_BYTES: usize = 64 << 4
const SQUARES_BYTES: usize = 2048 << 4

/** Four frames at a time: x below 1024, zeros at the end. */
function narrowSums(samples: usize, end: usize, result: usize): void {
  memory.fill(result + SUM, 0, 128)
  for (let at = samples; at < end; ) {
    let sum0 = i32x4.splat(0)
    let sum1 = sum0
    let squares0 = sum0
    let squares1 = sum0
    const part = min<usize>(end, at + SQUARES_BYTES)
    while (at < part) {
      let sum = i16x8.splat(0)
      const stop = min<usize>(part, at + SUM_BYTES)
      for (; at < stop; at += 64) {
        const a = v128.load(at)
        const b = v128.load(at, 16)
        const c = v128.load(at, 32)
        const d = v128.load(at, 48)
        sum = i16x8.add(sum, i16x8.add(i16x8.add(a, b), i16x8.add(c, d)))
        squares0 = i32x4.add(squares0, i32x4.add(squaresLow(a, b), squaresLow(c, d)))
        squares1 = i32x4.add(squares1, i32x4.add(squaresHigh(a, b), squaresHigh(c, d)))
      }
      sum0 = i32x4.add(sum0, i32x4.extend_low_i16x8_u(sum))
      sum1 = i32x4.add(sum1, i32x4.extend_high_i16x8_u(sum))
    }
    addWide(result + SUM, sum0, sum1)
    addWide(result + SQUARES, squares0, squares1)
  }
}

/**
 * Sums of widely spread samples, one by one: pixels that jump. The column is left as distances from the least sample,
 * as i16 (d − 32768).
 */
function wideSums(samples: usize, end: usize, base: v128, result: usize): void {
  let low = i16x8.splat(-1)
  for (let at = samples; at < end; at += 16) {
    const v = i16x8.add(v128.load(at), base)
    v128.store(at, v)
    low = i16x8.min_u(low, v)
  }
  v128.store(result, low, BASE)
  for (let lane: usize = 0; lane < 8; ++lane) {
    const least = <u32>load<u16>(result + BASE + (lane << 1))
    let sum: u64 = 0
    let squares: u64 = 0
    for (let at = samples + (lane << 1); at < end; at += 16) {
      const d = <u32>load<u16>(at) - least
      sum += d
      squares += <u64>d * d
      store<u16>(at, <u16>(d ^ 0x8000))
    }
    store<u64>(result + SUM + (lane << 3), sum)
    store<u64>(result + SQUARES + (lane << 3), squares)
  }
}

/** The largest of eight f32. */
@inline
function largest(values: usize): f32 {
  let v = f32x4.max(v128.load(values), v128.load(values, 16))
  v = f32x4.max(v, i32x4.shuffle(v, v, 2, 3, 0, 1))
  return max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1))
}

/** Half the sum of the middle two: exact in f32. */
function storeMedians(result: usize, narrow: bool, out: usize): void {
  const base = i16x8.add(v128.load(result, BASE), i16x8.splat(narrow ? 0 : -32768))
  const lower = i16x8.add(v128.load(result, MIDDLE), base)
  const upper = i16x8.add(v128.load(result, NEXT), base)
  const twice0 = i32x4.add(i32x4.extend_low_i16x8_u(lower), i32x4.extend_low_i16x8_u(upper))
  const twice1 = i32x4.add(i32x4.extend_high_i16x8_u(lower), i32x4.extend_high_i16x8_u(upper))
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(twice0), f32x4.splat(0.5)))
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(twice1), f32x4.splat(0.5)), 16)
}
