// Statistics of dark frames: for every pixel the exact median, mean and standard deviation of its samples over all
// frames of one memory cell. Sums are integers and the select is exact, so that neither the order of the frames nor
// the cut of the work shows in a result.

// Pixels whose samples are brought together at once: a cache line of u16, four vectors.
const GROUP: usize = 32

// Behind the samples in scratch: Σd and Σd² (u64) and the two middle samples (u16) of the eight pixels of a vector.
const SUM: usize = 0
const SQUARES: usize = 64
const MIDDLE: usize = 128
const NEXT: usize = 144

/**
 * Statistics of `pixels` (a multiple of 8) pixels over `frames` (1 … 65535) frames that lie `stride` bytes apart.
 * A sample is `(raw >> shift) & bits`, and `zeroAs` where that is 0. Where `median`, `mean` and `deviation` are not 0,
 * f32 planes are written there: the middle sample (even count: mean of the middle two), Σv / n, and the population
 * standard deviation √(n·Σv² − (Σv)²) / n, both of exact integers, in f64, rounded once more to f32.
 * `scratch` holds 64·frames + 160 bytes, aligned to 16.
 */
export function darkStatistics(
  src: usize, frames: usize, stride: usize, pixels: usize, shift: i32, bits: u32, zeroAs: u32,
  median: usize, mean: usize, deviation: usize, scratch: usize,
): void {
  const column = frames << 4
  const result = scratch + 4 * column
  for (let p: usize = 0; p < pixels; p += GROUP) {
    const vectors = min<usize>(GROUP, pixels - p) >> 3
    if (vectors == 4) gather4(src + (p << 1), frames, stride, shift, bits, zeroAs, scratch, column)
    else for (let i: usize = 0; i < vectors; ++i)
      gather(src + (p << 1) + (i << 4), frames, stride, shift, bits, zeroAs, scratch + i * column)
    for (let i: usize = 0; i < vectors; ++i) {
      const samples = scratch + i * column
      const at = (p << 2) + (i << 5)
      const low = moments(samples, frames, result)
      if (median) {
        middle(samples, frames, result)
        storeMedians(result, low, median + at)
      }
      storeMoments(result, low, frames, mean ? mean + at : 0, deviation ? deviation + at : 0)
    }
  }
}

@inline
function decoded(raw: v128, shift: i32, bits: u32, zeroAs: u32): v128 {
  const v = v128.and(i16x8.shr_u(raw, shift), i16x8.splat(<i16>bits))
  return v128.or(v, v128.and(i16x8.eq(v, i16x8.splat(0)), i16x8.splat(<i16>zeroAs)))
}

/** The samples of 32 pixels, four columns of vectors. */
function gather4(
  src: usize, frames: usize, stride: usize, shift: i32, bits: u32, zeroAs: u32, dst: usize, column: usize,
): void {
  const end = dst + column
  for (; dst < end; dst += 16) {
    v128.store(dst, decoded(v128.load(src), shift, bits, zeroAs))
    v128.store(dst + column, decoded(v128.load(src, 16), shift, bits, zeroAs))
    v128.store(dst + 2 * column, decoded(v128.load(src, 32), shift, bits, zeroAs))
    v128.store(dst + 3 * column, decoded(v128.load(src, 48), shift, bits, zeroAs))
    src += stride
  }
}

/** The samples of eight pixels, one column of vectors. */
function gather(
  src: usize, frames: usize, stride: usize, shift: i32, bits: u32, zeroAs: u32, dst: usize,
): void {
  const end = dst + (frames << 4)
  for (; dst < end; dst += 16) {
    v128.store(dst, decoded(v128.load(src), shift, bits, zeroAs))
    src += stride
  }
}

/** The largest of eight u16. */
@inline
function largest(v: v128): u32 {
  v = i16x8.max_u(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
  v = i16x8.max_u(v, i8x16.shuffle(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11))
  v = i16x8.max_u(v, i8x16.shuffle(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13))
  return <u32>i16x8.extract_lane_u(v, 0)
}

// The largest d of the column that `moments` saw last. A global belongs to the instance, not to the shared memory.
let widest: u32 = 0

/**
 * Least sample of each pixel; leaves d = sample − least in the column, as i16 (d − 32768) so that signed comparison
 * orders them, and Σd and Σd² in `result`. n·Σd² − (Σd)² is what it is for the samples themselves.
 */
function moments(samples: usize, frames: usize, result: usize): v128 {
  const end = samples + (frames << 4)
  let low = i16x8.splat(-1)
  let high = i16x8.splat(0)
  for (let at = samples; at < end; at += 16) {
    const v = v128.load(at)
    low = i16x8.min_u(low, v)
    high = i16x8.max_u(high, v)
  }
  widest = largest(i16x8.sub(high, low))
  if (<u64>widest * widest * frames < 0x8000_0000) narrowSums(samples, end, low, result)
  else wideSums(samples, end, low, result)
  return low
}

/** Sums that i32 holds, two frames at a time. */
@inline
function narrowSums(samples: usize, end: usize, low: v128, result: usize): void {
  const bias = i16x8.splat(-32768)
  const one = i16x8.splat(1)
  let sum0 = i32x4.splat(0)
  let sum1 = i32x4.splat(0)
  let squares0 = i32x4.splat(0)
  let squares1 = i32x4.splat(0)
  for (let at = samples; at < end; at += 32) {
    const a = i16x8.sub(v128.load(at), low)
    v128.store(at, v128.xor(a, bias))
    let b = i16x8.splat(0)
    if (at + 16 < end) {
      b = i16x8.sub(v128.load(at, 16), low)
      v128.store(at, v128.xor(b, bias), 16)
    }
    const ab0 = i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
    const ab1 = i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    sum0 = i32x4.add(sum0, i32x4.dot_i16x8_s(ab0, one))
    sum1 = i32x4.add(sum1, i32x4.dot_i16x8_s(ab1, one))
    squares0 = i32x4.add(squares0, i32x4.dot_i16x8_s(ab0, ab0))
    squares1 = i32x4.add(squares1, i32x4.dot_i16x8_s(ab1, ab1))
  }
  storeWide(result + SUM, sum0, sum1)
  storeWide(result + SQUARES, squares0, squares1)
}

@inline
function storeWide(ptr: usize, a: v128, b: v128): void {
  v128.store(ptr, i64x2.extend_low_i32x4_u(a))
  v128.store(ptr, i64x2.extend_high_i32x4_u(a), 16)
  v128.store(ptr, i64x2.extend_low_i32x4_u(b), 32)
  v128.store(ptr, i64x2.extend_high_i32x4_u(b), 48)
}

/** Sums of samples that spread wide, one by one: pixels that jump, or very long runs. */
function wideSums(samples: usize, end: usize, low: v128, result: usize): void {
  v128.store(result + MIDDLE, low)
  for (let lane: usize = 0; lane < 8; ++lane) {
    const least = <u32>load<u16>(result + MIDDLE + (lane << 1))
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

/** Number of samples of a column, by pixel, that are less than `bound`. */
@inline
function below(samples: usize, end: usize, bound: v128): v128 {
  let a = i16x8.splat(0)
  let b = i16x8.splat(0)
  let at = samples
  for (; at + 64 <= end; at += 64) {
    a = i16x8.add(a, i16x8.lt_s(v128.load(at), bound))
    b = i16x8.add(b, i16x8.lt_s(v128.load(at, 16), bound))
    a = i16x8.add(a, i16x8.lt_s(v128.load(at, 32), bound))
    b = i16x8.add(b, i16x8.lt_s(v128.load(at, 48), bound))
  }
  for (; at < end; at += 16) a = i16x8.add(a, i16x8.lt_s(v128.load(at), bound))
  return i16x8.neg(i16x8.add(a, b))
}

// The window is tried only where the median lies in it nearly always: few frames scatter it.
const WINDOW_FRAMES: usize = 64
// Values of the window, around the mean.
const WINDOW: u32 = 5

/**
 * The two middle samples of a column that `moments` prepared, the same one twice for an odd count.
 * A median hardly ever lies more than two from the mean, so counts below six bounds around that find it in one pass;
 * where they do not, the bits of it are found one by one.
 */
function middle(samples: usize, frames: usize, result: usize): void {
  if (frames < WINDOW_FRAMES || !middleInWindow(samples, frames, result)) middleByBits(samples, frames, result)
}

/** Rounded means of the eight pixels, less two, biased as the samples are; kept within what an i16 holds. */
@inline
function windows(frames: usize, result: usize): v128 {
  const n = <f64>frames
  for (let lane: usize = 0; lane < 8; ++lane) {
    const mean = <i32>Math.floor(<f64>load<u64>(result + SUM + (lane << 3)) / n + 0.5)
    store<i16>(result + MIDDLE + (lane << 1), <i16>max<i32>(-32768, min<i32>(mean - 2 - 32768, 32767 - <i32>WINDOW)))
  }
  return v128.load(result + MIDDLE)
}

/** False where one of the middle samples of one of the pixels lies outside: nothing is found then. */
function middleInWindow(samples: usize, frames: usize, result: usize): bool {
  const one = i16x8.splat(1)
  const x0 = windows(frames, result)
  const x1 = i16x8.add(x0, one)
  const x2 = i16x8.add(x1, one)
  const x3 = i16x8.add(x2, one)
  const x4 = i16x8.add(x3, one)
  const x5 = i16x8.add(x4, one)
  let c0 = i16x8.splat(0)
  let c1 = c0
  let c2 = c0
  let c3 = c0
  let c4 = c0
  let c5 = c0
  const end = samples + (frames << 4)
  for (let at = samples; at < end; at += 16) {
    const v = v128.load(at)
    c0 = i16x8.sub(c0, i16x8.lt_s(v, x0))
    c1 = i16x8.sub(c1, i16x8.lt_s(v, x1))
    c2 = i16x8.sub(c2, i16x8.lt_s(v, x2))
    c3 = i16x8.sub(c3, i16x8.lt_s(v, x3))
    c4 = i16x8.sub(c4, i16x8.lt_s(v, x4))
    c5 = i16x8.sub(c5, i16x8.lt_s(v, x5))
  }
  const lower = i16x8.splat(<i16>((frames - 1) >> 1))
  const upper = i16x8.splat(<i16>(frames >> 1))
  // Not more than `lower` samples below the window, more than `upper` below its end.
  const inside = v128.and(i16x8.le_u(c0, lower), i16x8.gt_u(c5, upper))
  if (!i16x8.all_true(inside)) return false
  const from = v128.xor(x0, i16x8.splat(-32768))
  v128.store(result + MIDDLE, i16x8.sub(from, notAbove(c1, c2, c3, c4, lower)))
  v128.store(result + NEXT, i16x8.sub(from, notAbove(c1, c2, c3, c4, upper)))
  return true
}

/** Minus the number of counts that are at most `rank`: how far into the window the sample of that rank is. */
@inline
function notAbove(c1: v128, c2: v128, c3: v128, c4: v128, rank: v128): v128 {
  return i16x8.add(
    i16x8.add(i16x8.le_u(c1, rank), i16x8.le_u(c2, rank)),
    i16x8.add(i16x8.le_u(c3, rank), i16x8.le_u(c4, rank)),
  )
}

/** Bit by bit from the top: a bit is set where not more samples than half lie below the value with it. */
function middleByBits(samples: usize, frames: usize, result: usize): void {
  const end = samples + (frames << 4)
  const rank = i16x8.splat(<i16>((frames - 1) >> 1))
  const bias = i16x8.splat(-32768)
  let found = i16x8.splat(0)
  for (let bit: i32 = 31 - clz<i32>(widest); bit >= 0; --bit) {
    const bound = v128.or(found, i16x8.splat(<i16>(<i32>1 << bit)))
    const fewer = i16x8.le_u(below(samples, end, v128.xor(bound, bias)), rank)
    found = v128.bitselect(bound, found, fewer)
  }
  v128.store(result + MIDDLE, found)
  if (frames & 1) {
    v128.store(result + NEXT, found)
    return
  }
  // The upper one is the same where enough samples are not above it, else the least of those above.
  const limit = v128.xor(found, bias)
  let above = i16x8.splat(0)
  let least = i16x8.splat(0x7fff)
  for (let at = samples; at < end; at += 16) {
    const v = v128.load(at)
    const is = i16x8.gt_s(v, limit)
    above = i16x8.sub(above, is)
    least = i16x8.min_s(least, v128.bitselect(v, i16x8.splat(0x7fff), is))
  }
  const half = i16x8.splat(<i16>(frames >> 1))
  v128.store(result + NEXT, v128.bitselect(v128.xor(least, bias), found, i16x8.ge_u(above, half)))
}

/** Half the sum of the middle two: exact in f32. */
function storeMedians(result: usize, low: v128, out: usize): void {
  const lower = v128.load(result + MIDDLE)
  const upper = v128.load(result + NEXT)
  const twice0 = i32x4.add(i32x4.extend_low_i16x8_u(lower), i32x4.extend_low_i16x8_u(upper))
  const twice1 = i32x4.add(i32x4.extend_high_i16x8_u(lower), i32x4.extend_high_i16x8_u(upper))
  const low0 = i32x4.shl(i32x4.extend_low_i16x8_u(low), 1)
  const low1 = i32x4.shl(i32x4.extend_high_i16x8_u(low), 1)
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(twice0, low0)), f32x4.splat(0.5)))
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(twice1, low1)), f32x4.splat(0.5)), 16)
}

function storeMoments(result: usize, low: v128, frames: usize, mean: usize, deviation: usize): void {
  v128.store(result + MIDDLE, low)
  const n = <u64>frames
  for (let lane: usize = 0; lane < 8; ++lane) {
    const sum = load<u64>(result + SUM + (lane << 3))
    if (mean) {
      const whole = n * <u64>load<u16>(result + MIDDLE + (lane << 1)) + sum
      store<f32>(mean + (lane << 2), <f32>(<f64>whole / <f64>n))
    }
    if (deviation) {
      const squares = load<u64>(result + SQUARES + (lane << 3))
      store<f32>(deviation + (lane << 2), <f32>(Math.sqrt(<f64>(n * squares - sum * sum)) / <f64>n))
    }
  }
}
