/**
 * HDF5's shuffle of `pixels` (a multiple of 16) f32 at `data` that are whole numbers, as integers of `bytes` bytes (1 to 3)
 * or, with 4, as they are: plane k at `dst` holds byte k of each.
 */
export function shuffled(data: usize, pixels: usize, bytes: u32, dst: usize): void {
  for (let p: usize = 0; p < pixels; p += 16) {
    const at = data + (p << 2)
    const a = words(v128.load(at), bytes)
    const b = words(v128.load(at, 16), bytes)
    const c = words(v128.load(at, 32), bytes)
    const d = words(v128.load(at, 48), bytes)
    for (let k: u32 = 0; k < bytes; ++k) {
      const low = i16x8.narrow_i32x4_u(byteOf(a, k), byteOf(b, k))
      const high = i16x8.narrow_i32x4_u(byteOf(c, k), byteOf(d, k))
      v128.store(dst + <usize>k * pixels + p, i8x16.narrow_i16x8_u(low, high))
    }
  }
}

@inline
function words(values: v128, bytes: u32): v128 {
  return bytes == 4 ? values : i32x4.trunc_sat_f32x4_s(values)
}

@inline
function byteOf(v: v128, k: u32): v128 {
  return v128.and(i32x4.shr_u(v, k << 3), i32x4.splat(0xff))
}
