// The middle samples of columns of eight pixels, exactly. Samples are i16, one vector a frame.

// A window is tried only where the median lies in it nearly always: few frames scatter it.
const WINDOW_FRAMES: usize = 64

/**
 * The two middle samples of each pixel, the same one twice for an odd count.
 * @param sums where Σx (u64) of columns whose samples are 0 … 1023 lie, 0 of others.
 *
 * A median hardly ever lies more than two from the mean, so counts below six bounds around that find it in one pass;
 * where they do not, the bits of it are found one by one.
 */
export function middle(samples: usize, frames: usize, sums: usize, lower: usize, upper: usize): void {
  if (sums && frames >= WINDOW_FRAMES && inWindow(samples, frames, windows(frames, sums), lower, upper)) return
  byBits(samples, frames, lower, upper)
}

/** Rounded means of the eight pixels, less two. */
@inline
function windows(frames: usize, sums: usize): v128 {
  const m = i16x8.narrow_i32x4_s(means(frames, sums), means(frames, sums + 32))
  return i16x8.sub(m, i16x8.splat(2))
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

// Pairs of frames that bytes can count.
const COUNTED: usize = 255

/** False where one of the middle samples of one of the pixels lies outside of five values from `x0`: nothing is found then. */
function inWindow(samples: usize, frames: usize, x0: v128, lowerAt: usize, upperAt: usize): bool {
  let below0 = i16x8.splat(0)
  let below1 = below0
  let below2 = below0
  let below3 = below0
  let below4 = below0
  let below5 = below0
  const end = samples + (frames >> 1 << 5)
  let at = samples
  while (at < end) {
    const part = min<usize>(end, at + (COUNTED << 5))
    let c0 = i8x16.splat(0)
    let c1 = c0
    let c2 = c0
    let c3 = c0
    let c4 = c0
    let c5 = c0
    for (; at < part; at += 32) {
      // Two frames in one vector of bytes: what is further from the window than bytes tell stays on its side.
      const d = i8x16.narrow_i16x8_s(i16x8.sub(v128.load(at), x0), i16x8.sub(v128.load(at, 16), x0))
      c0 = i8x16.sub(c0, i8x16.lt_s(d, i8x16.splat(0)))
      c1 = i8x16.sub(c1, i8x16.lt_s(d, i8x16.splat(1)))
      c2 = i8x16.sub(c2, i8x16.lt_s(d, i8x16.splat(2)))
      c3 = i8x16.sub(c3, i8x16.lt_s(d, i8x16.splat(3)))
      c4 = i8x16.sub(c4, i8x16.lt_s(d, i8x16.splat(4)))
      c5 = i8x16.sub(c5, i8x16.lt_s(d, i8x16.splat(5)))
    }
    below0 = i16x8.add(below0, ofBothFrames(c0))
    below1 = i16x8.add(below1, ofBothFrames(c1))
    below2 = i16x8.add(below2, ofBothFrames(c2))
    below3 = i16x8.add(below3, ofBothFrames(c3))
    below4 = i16x8.add(below4, ofBothFrames(c4))
    below5 = i16x8.add(below5, ofBothFrames(c5))
  }
  if (frames & 1) {
    const d = i16x8.sub(v128.load(at), x0)
    below0 = i16x8.sub(below0, i16x8.lt_s(d, i16x8.splat(0)))
    below1 = i16x8.sub(below1, i16x8.lt_s(d, i16x8.splat(1)))
    below2 = i16x8.sub(below2, i16x8.lt_s(d, i16x8.splat(2)))
    below3 = i16x8.sub(below3, i16x8.lt_s(d, i16x8.splat(3)))
    below4 = i16x8.sub(below4, i16x8.lt_s(d, i16x8.splat(4)))
    below5 = i16x8.sub(below5, i16x8.lt_s(d, i16x8.splat(5)))
  }
  const lower = i16x8.splat(<i16>((frames - 1) >> 1))
  const upper = i16x8.splat(<i16>(frames >> 1))
  // Not more than `lower` samples below the window, more than `upper` below its end.
  const inside = v128.and(i16x8.le_u(below0, lower), i16x8.gt_u(below5, upper))
  if (!i16x8.all_true(inside)) return false
  v128.store(lowerAt, i16x8.sub(x0, notAbove(below1, below2, below3, below4, lower)))
  v128.store(upperAt, i16x8.sub(x0, notAbove(below1, below2, below3, below4, upper)))
  return true
}

/** Counts of eight pixels, of two frames each. */
@inline
function ofBothFrames(counts: v128): v128 {
  return i16x8.add(i16x8.extend_low_i8x16_u(counts), i16x8.extend_high_i8x16_u(counts))
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

/** The upper middle one: the same as the lower where enough samples are not above that, else the least of those above. */
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
