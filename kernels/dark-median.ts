// The middle samples of columns of eight pixels, exactly. Samples are i16, one vector a frame.

// A window is tried only where it nearly always contains the median: with few frames it is scattered.
const WINDOW_FRAMES: usize = 64
// Standard deviations of single samples, times √frames, up to which windows of 5 and of 20 values reach: a median is
// 0.76 σ / √frames from the mean on average, and is searched for at three and four times that distance.
const REACH_OF_5: f32 = 0.8
const REACH_OF_20: f32 = 3.1
// Padding: in no window, and never counted as less in a vector of bytes.
const ABOVE_ALL: i16 = 0x3fff

/**
 * The two middle samples of each pixel, the same one twice for an odd count. The padding to whole quadruples of frames
 * may be overwritten; it is 0 before and after.
 * @param sums Σx (u64) of columns whose samples are 0 … 1023; 0 for others. @param deviation the largest standard
 * deviation of a pixel.
 *
 * Medians are close to the mean, so counts below six bounds around it find them in one pass, or, where samples spread,
 * narrow them down for a second pass. Where this fails, they are found bit by bit.
 */
export function middleSamples(
  samples: usize, frames: usize, sums: usize, deviation: f32, lower: usize, upper: usize,
): void {
  if (sums && frames >= WINDOW_FRAMES) {
    const spread = deviation / sqrt<f32>(<f32>frames)
    if (spread <= REACH_OF_20) {
      fillUp(samples, frames, ABOVE_ALL)
      const mean = i16x8.narrow_i32x4_s(means(frames, sums), means(frames, sums + 32))
      const found = (spread <= REACH_OF_5 && in5(samples, frames, mean, lower, upper))
        || in20(samples, frames, mean, lower, upper)
      fillUp(samples, frames, 0)
      if (found) return
    }
  }
  byBits(samples, frames, lower, upper)
}

function in5(samples: usize, frames: usize, mean: v128, lower: usize, upper: usize): bool {
  return inWindow(samples, frames, i16x8.sub(mean, i16x8.splat(2)), 1, lower, upper)
}

function in20(samples: usize, frames: usize, mean: v128, lower: usize, upper: usize): bool {
  if (!inWindow(samples, frames, i16x8.sub(mean, i16x8.splat(10)), 4, lower, upper)) return false
  inStep(samples, frames, v128.load(lower), lower, upper)
  return true
}

/** Rounded means of four pixels, i32. */
@inline
function means(frames: usize, sums: usize): v128 {
  // The lower halves of four u64: sums are less than 2^26.
  const four = i8x16.shuffle(
    v128.load(sums), v128.load(sums, 16), 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27,
  )
  const share = f32x4.splat(1 / <f32>frames)
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(four), share), f32x4.splat(0.5)))
}

// Pairs of frames, an even number of them, that a byte can count.
const COUNTED: usize = 254

@inline
function filled(frames: usize): usize {
  return frames + 3 & ~3
}

/** Writes `value` to the padding up to whole quadruples of frames. */
@inline
function fillUp(samples: usize, frames: usize, value: i16): void {
  for (let f = frames; f < filled(frames); ++f) v128.store(samples + (f << 4), i16x8.splat(value))
}

/** Two frames in one vector of bytes: values beyond the range of bytes around `from` are clamped. */
@inline
function pairFrom(at: usize, from: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.sub(v128.load(at), from), i16x8.sub(v128.load(at, 16), from))
}

/** The counts, plus the bytes of `d` and `e` that are below `bound`. */
@inline
function countBelow(counts: v128, d: v128, e: v128, bound: i8): v128 {
  const bounds = i8x16.splat(bound)
  return i8x16.sub(i8x16.sub(counts, i8x16.lt_s(d, bounds)), i8x16.lt_s(e, bounds))
}

/** Counts of eight pixels, of two frames each. */
@inline
function ofBothFrames(counts: v128): v128 {
  return i16x8.add(i16x8.extend_low_i8x16_u(counts), i16x8.extend_high_i8x16_u(counts))
}

/**
 * The steps, out of five of `step` values from `x0`, that begin at or just below the middle samples. False if one of
 * any pixel is outside: nothing is found then.
 */
@inline
function inWindow(samples: usize, frames: usize, x0: v128, step: i8, lowerAt: usize, upperAt: usize): bool {
  let below0 = i16x8.splat(0)
  let below1 = below0
  let below2 = below0
  let below3 = below0
  let below4 = below0
  let below5 = below0
  const end = samples + (filled(frames) << 4)
  for (let at = samples; at < end; ) {
    const part = min<usize>(end, at + (COUNTED << 5))
    let c0 = i8x16.splat(0)
    let c1 = c0
    let c2 = c0
    let c3 = c0
    let c4 = c0
    let c5 = c0
    for (; at < part; at += 64) {
      const d = pairFrom(at, x0)
      const e = pairFrom(at + 32, x0)
      c0 = countBelow(c0, d, e, 0)
      c1 = countBelow(c1, d, e, step)
      c2 = countBelow(c2, d, e, 2 * step)
      c3 = countBelow(c3, d, e, 3 * step)
      c4 = countBelow(c4, d, e, 4 * step)
      c5 = countBelow(c5, d, e, 5 * step)
    }
    below0 = i16x8.add(below0, ofBothFrames(c0))
    below1 = i16x8.add(below1, ofBothFrames(c1))
    below2 = i16x8.add(below2, ofBothFrames(c2))
    below3 = i16x8.add(below3, ofBothFrames(c3))
    below4 = i16x8.add(below4, ofBothFrames(c4))
    below5 = i16x8.add(below5, ofBothFrames(c5))
  }
  const lower = i16x8.splat(<i16>((frames - 1) >> 1))
  const upper = i16x8.splat(<i16>(frames >> 1))
  // At most `lower` samples below the window, more than `upper` below its end.
  const inside = v128.and(i16x8.le_u(below0, lower), i16x8.gt_u(below5, upper))
  if (!i16x8.all_true(inside)) return false
  const width = i16x8.splat(step)
  v128.store(lowerAt, i16x8.sub(x0, i16x8.mul(width, notAbove(below1, below2, below3, below4, lower))))
  v128.store(upperAt, i16x8.sub(x0, i16x8.mul(width, notAbove(below1, below2, below3, below4, upper))))
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

/** The middle samples, the lower of which is known to be one of four values from `x0`, and the upper close to it. */
function inStep(samples: usize, frames: usize, x0: v128, lowerAt: usize, upperAt: usize): void {
  let below1 = i16x8.splat(0)
  let below2 = below1
  let below3 = below1
  let below4 = below1
  let least = i8x16.splat(-1)
  const end = samples + (filled(frames) << 4)
  for (let at = samples; at < end; ) {
    const part = min<usize>(end, at + (COUNTED << 5))
    let c1 = i8x16.splat(0)
    let c2 = c1
    let c3 = c1
    let c4 = c1
    for (; at < part; at += 32) {
      const d = pairFrom(at, x0)
      c1 = i8x16.sub(c1, i8x16.lt_s(d, i8x16.splat(1)))
      c2 = i8x16.sub(c2, i8x16.lt_s(d, i8x16.splat(2)))
      c3 = i8x16.sub(c3, i8x16.lt_s(d, i8x16.splat(3)))
      c4 = i8x16.sub(c4, i8x16.lt_s(d, i8x16.splat(4)))
      // Unsigned, values below the end of the step are greater than all values above.
      least = i8x16.min_u(least, i8x16.sub(d, i8x16.splat(4)))
    }
    below1 = i16x8.add(below1, ofBothFrames(c1))
    below2 = i16x8.add(below2, ofBothFrames(c2))
    below3 = i16x8.add(below3, ofBothFrames(c3))
    below4 = i16x8.add(below4, ofBothFrames(c4))
  }
  const lower = i16x8.splat(<i16>((frames - 1) >> 1))
  const upper = i16x8.splat(<i16>(frames >> 1))
  const none = i16x8.splat(-1)
  v128.store(lowerAt, i16x8.sub(x0, notAbove(below1, below2, below3, none, lower)))
  const within = i16x8.sub(x0, notAbove(below1, below2, below3, none, upper))
  // If at most `upper` samples are below the end of the step, it is the least of those above.
  const both = i16x8.min_u(i16x8.extend_low_i8x16_u(least), i16x8.extend_high_i8x16_u(least))
  const above = i16x8.add(i16x8.add(x0, i16x8.splat(4)), both)
  v128.store(upperAt, v128.bitselect(above, within, i16x8.le_u(below4, upper)))
}

/** Bit by bit from the top: a bit is set if at most half of the samples are below the value with it. */
function byBits(samples: usize, frames: usize, lowerAt: usize, upperAt: usize): void {
  const end = samples + (frames << 4)
  const rank = i16x8.splat(<i16>((frames - 1) >> 1))
  let low = i16x8.splat(0x7fff)
  let high = i16x8.splat(-32768)
  for (let at = samples; at < end; at += 16) {
    const v = v128.load(at)
    low = i16x8.min_s(low, v)
    high = i16x8.max_s(high, v)
  }
  let found = i16x8.splat(0)
  for (let bit: i32 = 31 - clz<i32>(largest(i16x8.sub(high, low))); bit >= 0; --bit) {
    const more = v128.or(found, i16x8.splat(<i16>(<i32>1 << bit)))
    const fewer = i16x8.le_u(below(samples, end, i16x8.add(low, more)), rank)
    found = v128.bitselect(more, found, fewer)
  }
  found = i16x8.add(low, found)
  v128.store(lowerAt, found)
  v128.store(upperAt, frames & 1 ? found : next(samples, end, found, frames >> 1))
}

/** The largest of eight u16. */
@inline
function largest(v: v128): u32 {
  v = i16x8.max_u(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
  v = i16x8.max_u(v, i8x16.shuffle(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11))
  v = i16x8.max_u(v, i8x16.shuffle(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13))
  return <u32>i16x8.extract_lane_u(v, 0)
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

/** The upper middle sample: the same as the lower if enough samples are at most that, else the least of those above. */
@inline
function next(samples: usize, end: usize, lower: v128, half: usize): v128 {
  let above = i16x8.splat(0)
  let least = i16x8.splat(0x7fff)
  for (let at = samples; at < end; at += 16) {
    const v = v128.load(at)
    const is = i16x8.gt_s(v, lower)
    above = i16x8.sub(above, is)
    least = i16x8.min_s(least, v128.bitselect(v, i16x8.splat(0x7fff), is))
  }
  return v128.bitselect(least, lower, i16x8.ge_u(above, i16x8.splat(<i16>half)))
}
