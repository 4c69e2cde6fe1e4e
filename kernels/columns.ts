import { put, sizeOf } from './elements'

/**
 * The elements that 16 bytes hold (two f64, four words), of 16 pixels `stride` bytes apart, to `to` bytes after each of
 * as many pointers at `pointers`; 0: not wanted.
 */
@inline
export function besides(kind: u32, at: usize, stride: usize, pointers: usize, to: usize): void {
  if (sizeOf(kind) == 8) doubles(kind, at, stride, load<u32>(pointers), load<u32>(pointers, 4), to)
  else words(kind, at, stride, pointers, to)
}

@inline
function doubles(kind: u32, at: usize, stride: usize, p: usize, q: usize, to: usize): void {
  if (p && q) {
    for (let n: usize = 0; n < 64; n += 32) {
      twoOfFour(kind, at, stride, p + to + n, q + to + n)
      at += stride << 2
      twoOfFour(kind, at, stride, p + to + n + 16, q + to + n + 16)
      at += stride << 2
    }
    return
  }
  if (q) {
    p = q
    at += 8
  }
  if (!p) return
  for (let n: usize = 0; n < 64; n += 16) {
    put(kind, p + to + n, oneOfFour(at, stride))
    at += stride << 2
  }
}

/** A pair of f64 of four pixels. */
@inline
function twoOfFour(kind: u32, at: usize, stride: usize, p: usize, q: usize): void {
  const twice = stride << 1
  const a = f32x4.demote_f64x2_zero(v128.load(at))
  const b = f32x4.demote_f64x2_zero(v128.load(at + stride))
  const c = f32x4.demote_f64x2_zero(v128.load(at + twice))
  const d = f32x4.demote_f64x2_zero(v128.load(at + twice + stride))
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5)
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5)
  put(kind, p, i64x2.shuffle(ab, cd, 0, 2))
  put(kind, q, i64x2.shuffle(ab, cd, 1, 3))
}

/** One f64 of four pixels, as f32. */
@inline
function oneOfFour(at: usize, stride: usize): v128 {
  const twice = stride << 1
  const ab = v128.load_lane<u64>(at + stride, v128.load_zero<u64>(at), 1)
  const cd = v128.load_lane<u64>(at + twice + stride, v128.load_zero<u64>(at + twice), 1)
  return i64x2.shuffle(f32x4.demote_f64x2_zero(ab), f32x4.demote_f64x2_zero(cd), 0, 2)
}

/** Four words of 16 pixels: four transpositions of 4 × 4. */
@inline
function words(kind: u32, at: usize, stride: usize, pointers: usize, to: usize): void {
  const p = <usize>load<u32>(pointers)
  const q = <usize>load<u32>(pointers, 4)
  const r = <usize>load<u32>(pointers, 8)
  const s = <usize>load<u32>(pointers, 12)
  const twice = stride << 1
  for (let n = to; n < to + 64; n += 16) {
    const a = v128.load(at)
    const b = v128.load(at + stride)
    const c = v128.load(at + twice)
    const d = v128.load(at + twice + stride)
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5)
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5)
    if (p) put(kind, p + n, i64x2.shuffle(ab, cd, 0, 2))
    if (q) put(kind, q + n, i64x2.shuffle(ab, cd, 1, 3))
    const ef = i32x4.shuffle(a, b, 2, 6, 3, 7)
    const gh = i32x4.shuffle(c, d, 2, 6, 3, 7)
    if (r) put(kind, r + n, i64x2.shuffle(ef, gh, 0, 2))
    if (s) put(kind, s + n, i64x2.shuffle(ef, gh, 1, 3))
    at += stride << 2
  }
}
