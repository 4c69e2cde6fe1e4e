// Constants from the order of their file into planes in image order.
//
// A strip of rows holds, for each pixel (slow, fast), a number of elements: in CalCat's order (fast scan, slow
// scan, cell, gain) the gains of all cells, side by side. Element e of a pixel is read at
//     src + slow·slowStride + fast·fastStride + e·elementStride          (strides in bytes)
// and goes to byte slow·pitch + 4·fast behind the e-th pointer of `table` (u32; 0: the element is not wanted).
// Eight elements are taken at a time: in CalCat's order they share a cache line, which is then read once,
// and eight rows being written fit the first-level cache although planes lie a power of two apart.
const BLOCK: usize = 8

const F64: u32 = 0
const WORD: u32 = 1
const OR_U32: u32 = 2
const OR_U64: u32 = 3
const OR_F64: u32 = 4

/** One element; returns 1 if it is not what its kind can hold. */
@inline
function one(kind: u32, at: usize, dst: usize): u32 {
  if (kind == F64) {
    store<f32>(dst, <f32>load<f64>(at))
    return 0
  }
  if (kind == WORD) {
    store<u32>(dst, load<u32>(at))
    return 0
  }
  if (kind == OR_U32) {
    store<u32>(dst, load<u32>(dst) | load<u32>(at))
    return 0
  }
  if (kind == OR_U64) {
    const bits = load<u64>(at)
    store<u32>(dst, load<u32>(dst) | <u32>bits)
    return u32(bits >> 32 != 0)
  }
  const value = load<f64>(at)
  const bits = <u32>i32x4.extract_lane(i32x4.trunc_sat_f64x2_u_zero(f64x2.splat(value)), 0)
  store<u32>(dst, load<u32>(dst) | bits)
  return u32(<f64>bits != value)
}

/** Two 64-bit elements `stride` bytes apart. */
@inline
function pair(at: usize, stride: usize): v128 {
  return v128.load_lane<u64>(at + stride, v128.load_zero<u64>(at), 1)
}

/** The same element of four pixels of a row; returns how many are not what the kind can hold. */
@inline
function four(kind: u32, at: usize, stride: usize, dst: usize): u32 {
  if (kind == WORD || kind == OR_U32) {
    let words = v128.load_zero<u32>(at)
    words = v128.load_lane<u32>(at + stride, words, 1)
    words = v128.load_lane<u32>(at + (stride << 1), words, 2)
    words = v128.load_lane<u32>(at + (stride << 1) + stride, words, 3)
    v128.store(dst, kind == WORD ? words : v128.or(words, v128.load(dst)))
    return 0
  }
  const a = pair(at, stride)
  const b = pair(at + (stride << 1), stride)
  if (kind == F64) {
    v128.store(dst, i64x2.shuffle(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2))
    return 0
  }
  if (kind == OR_U64) {
    v128.store(dst, v128.or(i32x4.shuffle(a, b, 0, 2, 4, 6), v128.load(dst)))
    return popcnt<u32>(i32x4.bitmask(i32x4.ne(i32x4.shuffle(a, b, 1, 3, 5, 7), i32x4.splat(0))))
  }
  const bitsA = i32x4.trunc_sat_f64x2_u_zero(a)
  const bitsB = i32x4.trunc_sat_f64x2_u_zero(b)
  v128.store(dst, v128.or(i64x2.shuffle(bitsA, bitsB, 0, 2), v128.load(dst)))
  const exactA = f64x2.eq(f64x2.convert_low_i32x4_u(bitsA), a)
  const exactB = f64x2.eq(f64x2.convert_low_i32x4_u(bitsB), b)
  return 4 - popcnt<u32>(i32x4.bitmask(i32x4.shuffle(exactA, exactB, 0, 2, 4, 6)))
}

@inline
function gather(
  kind: u32, src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize,
): u32 {
  let refused: u32 = 0
  for (let first: usize = 0; first < elements; first += BLOCK) {
    const pointers = table + (first << 2)
    const count = min<usize>(BLOCK, elements - first)
    let wanted: u32 = 0
    for (let e: usize = 0; e < count; ++e) wanted |= load<u32>(pointers + (e << 2))
    if (!wanted) continue
    for (let slow: usize = 0; slow < slowCount; ++slow) {
      const row = src + first * elementStride + slow * slowStride
      const to = slow * pitch
      let fast: usize = 0
      for (; fast + 4 <= fastCount; fast += 4) {
        let at = row + fast * fastStride
        for (let e: usize = 0; e < count; ++e) {
          const dst = <usize>load<u32>(pointers + (e << 2))
          if (dst) refused += four(kind, at, fastStride, dst + to + (fast << 2))
          at += elementStride
        }
      }
      for (; fast < fastCount; ++fast) {
        let at = row + fast * fastStride
        for (let e: usize = 0; e < count; ++e) {
          const dst = <usize>load<u32>(pointers + (e << 2))
          if (dst) refused += one(kind, at, dst + to + (fast << 2))
          at += elementStride
        }
      }
    }
  }
  return refused
}

/** f64 to f32, rounded; returns 0. */
export function gatherF64(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize,
): u32 {
  return gather(F64, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch)
}

/** f32 or u32 as they are; returns 0. */
export function gather32(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize,
): u32 {
  return gather(WORD, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch)
}

/** Ors u32 into the words that are there; returns 0. */
export function orU32(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize,
): u32 {
  return gather(OR_U32, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch)
}

/** Ors 64-bit integers into the words that are there; returns how many were no u32. */
export function orU64(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize,
): u32 {
  return gather(OR_U64, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch)
}

/** Ors bits stored as f64 into the words that are there; returns how many were no u32. */
export function orF64(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize,
): u32 {
  return gather(OR_F64, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch)
}

/** Writes the same word `count` times. */
export function fill32(dst: usize, count: usize, word: u32): void {
  const words = i32x4.splat(word)
  for (; count >= 4; count -= 4) {
    v128.store(dst, words)
    dst += 16
  }
  for (; count > 0; --count) {
    store<u32>(dst, word)
    dst += 4
  }
}
