import { besides } from './columns'
import { four, one, replaces, sizeOf, togetherOf } from './elements'
import { F64, OR_F64, OR_U32, OR_U64, TIMES_F32, TIMES_F64, WORD } from './elements'
import { warmTargets } from './warm'

// Moves constants from the order of their file into planes in image order.
//
// A slab of rows holds, for each pixel (slow, fast), a number of elements: in CalCat's order (fast scan, slow scan,
// cell, gain) the gains of all cells, adjacent. Element e of a pixel is read at
//     src + slow·slowStride + fast·fastStride + e·elementStride          (strides in bytes)
// and goes to byte to + slow·pitch + 4·fast after the e-th pointer of `table` (u32; 0: the element is not wanted).
//
// Eight elements are taken at a time, a cache line of f64 in CalCat's order, for the 16 pixels of a cache line of a
// plane: their lines stay in the first-level cache, and each plane's line is written as a whole. Lines written in part
// would be evicted in between, as planes are a power of two apart and share the cache's sets.
const BLOCK: usize = 8
const LINE: usize = 16

@inline
function gather(
  kind: u32, src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  let refused: u32 = 0
  const together = elementStride == sizeOf(kind) ? togetherOf(kind) : 0
  for (let first: usize = 0; first < elements; first += BLOCK) {
    const pointers = table + (first << 2)
    const count = min<usize>(BLOCK, elements - first)
    let wanted: u32 = 0
    for (let e: usize = 0; e < count; ++e) wanted |= load<u32>(pointers + (e << 2))
    if (!wanted) continue
    // This many are taken together, for this many pixels; the others one by one.
    const whole = together ? count & (0 - together) : 0
    const pixels = whole ? fastCount & (0 - LINE) : 0
    for (let slow: usize = 0; slow < slowCount; ++slow) {
      const row = src + first * elementStride + slow * slowStride
      const out = to + slow * pitch
      if (pixels && replaces(kind) && !(slow & 1))
        warmTargets(pointers, whole, out, min<usize>(2, slowCount - slow), pitch, pixels << 2)
      for (let fast: usize = 0; fast < pixels; fast += LINE) {
        const at = row + fast * fastStride
        for (let e: usize = 0; e < whole; e += together)
          besides(kind, at + e * elementStride, fastStride, pointers + (e << 2), out + (fast << 2))
      }
      for (let e: usize = 0; e < count; ++e) {
        const dst = <usize>load<u32>(pointers + (e << 2))
        if (!dst) continue
        const at = row + e * elementStride
        let fast: usize = e < whole ? pixels : 0
        for (; fast + 4 <= fastCount; fast += 4)
          refused += four(kind, at + fast * fastStride, fastStride, dst + out + (fast << 2))
        for (; fast < fastCount; ++fast) refused += one(kind, at + fast * fastStride, dst + out + (fast << 2))
      }
    }
  }
  return refused
}

/** f64 to f32, rounded; returns 0. */
export function gatherF64(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  return gather(F64, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch, to)
}

/** f32 or u32 as they are; returns 0. */
export function gather32(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  return gather(WORD, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch, to)
}

/** Multiplies the existing f32 by f64 rounded to f32; returns 0. */
export function timesF64(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  return gather(TIMES_F64, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch, to)
}

/** Multiplies the existing f32 by f32; returns 0. */
export function timesF32(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  return gather(TIMES_F32, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch, to)
}

/** ORs u32 into the existing words; returns 0. */
export function orU32(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  return gather(OR_U32, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch, to)
}

/** ORs 64-bit integers into the existing words; returns how many did not fit a u32. */
export function orU64(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  return gather(OR_U64, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch, to)
}

/** ORs bits stored as f64 into the existing words; returns how many were not a u32. */
export function orF64(
  src: usize, elementStride: usize, fastStride: usize, slowStride: usize,
  table: usize, elements: usize, fastCount: usize, slowCount: usize, pitch: usize, to: usize,
): u32 {
  return gather(OR_F64, src, elementStride, fastStride, slowStride, table, elements, fastCount, slowCount, pitch, to)
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
