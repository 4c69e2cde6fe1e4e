const CANONICAL_NAN: u32 = 0x7fc00000

/** Replaces each of `count` (a multiple of 4) f32 by NaN where its mask has one of `bits`. */
export function nanWhere(values: usize, masks: usize, count: usize, bits: u32): void {
  const wanted = i32x4.splat(bits)
  const nan = i32x4.splat(CANONICAL_NAN)
  for (let i: usize = 0; i < count << 2; i += 16) {
    const hit = i32x4.ne(v128.and(v128.load(masks + i), wanted), i32x4.splat(0))
    if (!v128.any_true(hit)) continue
    v128.store(values + i, v128.bitselect(nan, v128.load(values + i), hit))
  }
}
