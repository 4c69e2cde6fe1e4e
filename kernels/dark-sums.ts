// Exact sums of eight pixels' samples, and the mean and standard deviation that they make.

// Layout: Σx and Σx² (64 bits each), and the base that makes samples of x (u16).
export const SUM: usize = 0
export const SQUARES: usize = 64
export const BASE: usize = 128
export const SUMS_BYTES: usize = 144

/** a² + b² of the first four pixels. */
@inline
export function squaresLow(a: v128, b: v128): v128 {
  const ab = i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
  return i32x4.dot_i16x8_s(ab, ab)
}

@inline
export function squaresHigh(a: v128, b: v128): v128 {
  const ab = i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
  return i32x4.dot_i16x8_s(ab, ab)
}

/** Adds eight i32, none negative, to eight 64-bit sums. */
@inline
export function addWide(ptr: usize, a: v128, b: v128): void {
  v128.store(ptr, i64x2.add(v128.load(ptr), i64x2.extend_low_i32x4_u(a)))
  v128.store(ptr, i64x2.add(v128.load(ptr, 16), i64x2.extend_high_i32x4_u(a)), 16)
  v128.store(ptr, i64x2.add(v128.load(ptr, 32), i64x2.extend_low_i32x4_u(b)), 32)
  v128.store(ptr, i64x2.add(v128.load(ptr, 48), i64x2.extend_high_i32x4_u(b)), 48)
}

/**
 * Mean Σv / n and population standard deviation √(n·Σv² − (Σv)²) / n of exact integers, in f64, rounded once more to f32.
 * Two pixels at a time. What is under the root is at most n² times a quarter of the squared range, below 2^62.
 */
export function storeMoments(result: usize, frames: usize, mean: usize, deviation: usize): void {
  const n = <i64>frames
  const divisor = f64x2.splat(<f64>n)
  for (let lane: usize = 0; lane < 8; lane += 2) {
    const sums = result + SUM + (lane << 3)
    const sum0 = load<i64>(sums)
    const sum1 = load<i64>(sums, 8)
    if (mean) {
      const base0 = n * <i64>load<u16>(result + (lane << 1), BASE)
      const base1 = n * <i64>load<u16>(result + (lane << 1), BASE + 2)
      const both = f64x2.div(pair(base0 + sum0, base1 + sum1), divisor)
      v128.store64_lane(mean + (lane << 2), f32x4.demote_f64x2_zero(both), 0)
    }
    if (deviation) {
      const squares = result + SQUARES + (lane << 3)
      const both = pair(n * load<i64>(squares) - sum0 * sum0, n * load<i64>(squares, 8) - sum1 * sum1)
      const roots = f64x2.div(f64x2.sqrt(both), divisor)
      v128.store64_lane(deviation + (lane << 2), f32x4.demote_f64x2_zero(roots), 0)
    }
  }
}

@inline
function pair(a: i64, b: i64): v128 {
  return f64x2.replace_lane(f64x2.splat(<f64>a), 1, <f64>b)
}
