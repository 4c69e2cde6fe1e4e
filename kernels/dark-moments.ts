// Mean and standard deviation of samples whose median is not needed: frames come a few at a time, and only sums are
// kept.
import { baseOf, decoded, WIDE } from './dark-sample'
import { addWide, BASE, SQUARES, squaresHigh, squaresLow, storeMoments, SUM, SUMS_BYTES } from './dark-sums'

/**
 * Adds `frames` (1 … 64) frames that lie `stride` bytes apart to the sums of `pixels` (a multiple of 8) pixels, 18
 * bytes a pixel, aligned to 16; with `begin` 1 the sums restart at 0. A sample is `(raw >> shift) & bits`, and `zeroAs`
 * where that is 0.
 */
export function darkSums(
  src: usize, frames: usize, stride: usize, pixels: usize, shift: i32, bits: u32, zeroAs: u32, sums: usize, begin: bool,
): void {
  if (shift == 0 && bits == 0xffff && zeroAs == 0) add(src, frames, stride, pixels, 0, 0, 0, true, sums, begin)
  else add(src, frames, stride, pixels, shift, bits, zeroAs, false, sums, begin)
}

@inline
function add(
  src: usize, frames: usize, stride: usize, pixels: usize, shift: i32, bits: u32, zeroAs: u32, plain: bool,
  sums: usize, begin: bool,
): void {
  const end = src + (pixels << 1)
  for (; src < end; src += 16) {
    if (begin) {
      memory.fill(sums, 0, BASE)
      v128.store(sums, baseOf(decoded(v128.load(src), shift, bits, zeroAs, plain)), BASE)
    }
    const base = v128.load(sums, BASE)
    let sum = i16x8.splat(0)
    let all = sum
    let squares0 = sum
    let squares1 = sum
    let at = src
    let left = frames
    for (; left >= 4; left -= 4) {
      const a = i16x8.sub(decoded(v128.load(at), shift, bits, zeroAs, plain), base)
      const b = i16x8.sub(decoded(v128.load(at + stride), shift, bits, zeroAs, plain), base)
      at += stride << 1
      const c = i16x8.sub(decoded(v128.load(at), shift, bits, zeroAs, plain), base)
      const d = i16x8.sub(decoded(v128.load(at + stride), shift, bits, zeroAs, plain), base)
      at += stride << 1
      all = v128.or(v128.or(all, v128.or(a, b)), v128.or(c, d))
      sum = i16x8.add(i16x8.add(sum, i16x8.add(a, b)), i16x8.add(c, d))
      squares0 = i32x4.add(i32x4.add(squares0, squaresLow(a, b)), squaresLow(c, d))
      squares1 = i32x4.add(i32x4.add(squares1, squaresHigh(a, b)), squaresHigh(c, d))
    }
    for (; left >= 2; left -= 2) {
      const a = i16x8.sub(decoded(v128.load(at), shift, bits, zeroAs, plain), base)
      const b = i16x8.sub(decoded(v128.load(at + stride), shift, bits, zeroAs, plain), base)
      at += stride << 1
      all = v128.or(all, v128.or(a, b))
      sum = i16x8.add(sum, i16x8.add(a, b))
      squares0 = i32x4.add(squares0, squaresLow(a, b))
      squares1 = i32x4.add(squares1, squaresHigh(a, b))
    }
    if (left) {
      const a = i16x8.sub(decoded(v128.load(at), shift, bits, zeroAs, plain), base)
      const none = i16x8.splat(0)
      all = v128.or(all, a)
      sum = i16x8.add(sum, a)
      squares0 = i32x4.add(squares0, squaresLow(a, none))
      squares1 = i32x4.add(squares1, squaresHigh(a, none))
    }
    if (v128.any_true(v128.and(all, i16x8.splat(WIDE))))
      addOneByOne(src, frames, stride, shift, bits, zeroAs, plain, sums)
    else {
      // The sum of 64 x below 1024 fits 16 bits.
      addWide(sums + SUM, i32x4.extend_low_i16x8_u(sum), i32x4.extend_high_i16x8_u(sum))
      addWide(sums + SQUARES, squares0, squares1)
    }
    sums += SUMS_BYTES
  }
}

/** Samples of pixels that jump: further from their base than one subtraction in 16 bits can express. */
function addOneByOne(
  src: usize, frames: usize, stride: usize, shift: i32, bits: u32, zeroAs: u32, plain: bool, sums: usize,
): void {
  for (let lane: usize = 0; lane < 8; ++lane) {
    const base = <i64>load<u16>(sums + (lane << 1), BASE)
    let sum: i64 = 0
    let squares: i64 = 0
    let at = src + (lane << 1)
    for (let f: usize = 0; f < frames; ++f) {
      const raw = <u32>load<u16>(at)
      const sample = plain ? raw : (raw >> shift & bits) || zeroAs
      const x = <i64>sample - base
      sum += x
      squares += x * x
      at += stride
    }
    const own = sums + (lane << 3)
    store<i64>(own, load<i64>(own) + sum)
    store<i64>(own, load<i64>(own, SQUARES) + squares, SQUARES)
  }
}

/** Planes of f32 of sums over `frames` (1 … 65535) frames: `mean` and population standard `deviation`. */
export function darkMoments(sums: usize, frames: usize, pixels: usize, mean: usize, deviation: usize): void {
  for (let p: usize = 0; p < pixels; p += 8) {
    storeMoments(sums, frames, mean + (p << 2), deviation + (p << 2))
    sums += SUMS_BYTES
  }
}
