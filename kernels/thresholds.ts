import { load32, store32 } from './lanes'

/**
 * Converts `count` pairs of f32 to thresholds as AGIPD's kernels read them, in place (steps 1 and 2). With `gap`, T1
 * becomes 65535 where T1 ≤ fround(fround(1.05)·T0). T0 becomes the lower of both, T1 if T0 is NaN, and +Infinity if
 * both are. This changes no pixel's stage, and r ≤ T0 alone indicates high gain.
 */
export function agipdThresholds(t0: usize, t1: usize, count: usize, gap: u32): void {
  let left = count
  for (; left >= 4; left -= 4) {
    four(t0, t1, gap, 4)
    t0 += 16
    t1 += 16
  }
  if (left > 0) four(t0, t1, gap, <u32>left)
}

@inline
function four(t0: usize, t1: usize, gap: u32, n: u32): void {
  const medium = load32(t0, n)
  let low = load32(t1, n)
  if (gap) {
    const tooClose = f32x4.le(low, f32x4.mul(f32x4.splat(1.05), medium))
    low = v128.bitselect(f32x4.splat(65535), low, tooClose)
  }
  const bound = v128.bitselect(f32x4.splat(Infinity), low, f32x4.ne(low, low))
  store32(t0, v128.bitselect(medium, bound, f32x4.le(medium, bound)), n)
  store32(t1, low, n)
}
