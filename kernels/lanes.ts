// Four pixels at a time, and the one to three left over at the end of a plane: `n` is how many of the four
// are there. It is a constant 4 in the loops, so that only the code of the tail asks.

@inline
export function load32(ptr: usize, n: u32): v128 {
  if (n == 4) return v128.load(ptr)
  let v = v128.load_zero<u32>(ptr)
  if (n > 1) v = v128.load_lane<u32>(ptr, v, 1, 4)
  if (n > 2) v = v128.load_lane<u32>(ptr, v, 2, 8)
  return v
}

/** Four u16, as i32. */
@inline
export function load16(ptr: usize, n: u32): v128 {
  if (n == 4) return v128.load_ext<u16>(ptr)
  let v = i32x4.splat(load<u16>(ptr))
  if (n > 1) v = i32x4.replace_lane(v, 1, load<u16>(ptr, 2))
  if (n > 2) v = i32x4.replace_lane(v, 2, load<u16>(ptr, 4))
  return v
}

/** Four u16, as f32. */
@inline
export function load16f(ptr: usize, n: u32): v128 {
  return f32x4.convert_i32x4_s(load16(ptr, n))
}

@inline
export function store32(ptr: usize, v: v128, n: u32): void {
  if (n == 4) {
    v128.store(ptr, v)
    return
  }
  v128.store_lane<u32>(ptr, v, 0)
  if (n > 1) v128.store_lane<u32>(ptr, v, 1, 4)
  if (n > 2) v128.store_lane<u32>(ptr, v, 2, 8)
}

/** The low bytes of the four lanes. */
@inline
export function store8(ptr: usize, v: v128, n: u32): void {
  const bytes = i32x4.extract_lane(i8x16.shuffle(v, v, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0)
  if (n == 4) {
    store<i32>(ptr, bytes)
    return
  }
  for (let i: u32 = 0; i < n; ++i) store<u8>(ptr + i, <u8>(bytes >> (i << 3)))
}

/** Whether all four lanes are true. Faster than i32x4.all_true, which x86 has no instruction for. */
@inline
export function all(lanes: v128): bool {
  return i32x4.bitmask(lanes) == 15
}

/** How many of the lanes that are there are true. */
@inline
export function count(lanes: v128, n: u32): u32 {
  return popcnt<u32>(i32x4.bitmask(lanes) & ((1 << n) - 1))
}
