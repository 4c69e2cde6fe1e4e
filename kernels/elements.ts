// Elements of constants as stored, and how they change the words of the planes they go to.

/** f64, rounded to f32. */
export const F64: u32 = 0
/** f32 or u32 as they are. */
export const WORD: u32 = 1
/** Bad-pixel masks, ORed into the existing words: u32, 64-bit integers, integers stored as f64. */
export const OR_U32: u32 = 2
export const OR_U64: u32 = 3
export const OR_F64: u32 = 4
/** Factors for the existing f32: f64, rounded to f32 first, and f32. */
export const TIMES_F64: u32 = 5
export const TIMES_F32: u32 = 6

/** Bytes of an element. */
@inline
export function sizeOf(kind: u32): usize {
  return kind == WORD || kind == OR_U32 || kind == TIMES_F32 ? 4 : 8
}

/** Elements that 16 bytes hold, if `columns.ts` can take them together; else 0. */
@inline
export function togetherOf(kind: u32): usize {
  return kind == OR_U64 || kind == OR_F64 ? 0 : 16 / sizeOf(kind)
}

/** Whether existing words are overwritten regardless of their value. */
@inline
export function replaces(kind: u32): bool {
  return kind == F64 || kind == WORD
}

/** Stores four words of a kind that is never refused. */
@inline
export function put(kind: u32, dst: usize, words: v128): void {
  if (kind == OR_U32) words = v128.or(v128.load(dst), words)
  else if (kind == TIMES_F64 || kind == TIMES_F32) words = f32x4.mul(v128.load(dst), words)
  v128.store(dst, words)
}

/** One element; returns 1 if its kind cannot hold the value. */
@inline
export function one(kind: u32, at: usize, dst: usize): u32 {
  if (kind == OR_U64) {
    const bits = load<u64>(at)
    store<u32>(dst, load<u32>(dst) | <u32>bits)
    return u32(bits >> 32 != 0)
  }
  if (kind == OR_F64) {
    const value = load<f64>(at)
    const bits = <u32>i32x4.extract_lane(i32x4.trunc_sat_f64x2_u_zero(f64x2.splat(value)), 0)
    store<u32>(dst, load<u32>(dst) | bits)
    return u32(<f64>bits != value)
  }
  if (kind == F64) store<f32>(dst, <f32>load<f64>(at))
  else if (kind == WORD) store<u32>(dst, load<u32>(at))
  else if (kind == OR_U32) store<u32>(dst, load<u32>(dst) | load<u32>(at))
  else if (kind == TIMES_F64) store<f32>(dst, load<f32>(dst) * <f32>load<f64>(at))
  else store<f32>(dst, load<f32>(dst) * load<f32>(at))
  return 0
}

/** Two 64-bit elements `stride` bytes apart. */
@inline
function pair(at: usize, stride: usize): v128 {
  return v128.load_lane<u64>(at + stride, v128.load_zero<u64>(at), 1)
}

/** The same element of four pixels of a row; returns how many values the kind cannot hold. */
@inline
export function four(kind: u32, at: usize, stride: usize, dst: usize): u32 {
  if (sizeOf(kind) == 4) {
    let words = v128.load_zero<u32>(at)
    words = v128.load_lane<u32>(at + stride, words, 1)
    words = v128.load_lane<u32>(at + (stride << 1), words, 2)
    words = v128.load_lane<u32>(at + (stride << 1) + stride, words, 3)
    put(kind, dst, words)
    return 0
  }
  const a = pair(at, stride)
  const b = pair(at + (stride << 1), stride)
  if (kind == OR_U64) {
    v128.store(dst, v128.or(i32x4.shuffle(a, b, 0, 2, 4, 6), v128.load(dst)))
    return popcnt<u32>(i32x4.bitmask(i32x4.ne(i32x4.shuffle(a, b, 1, 3, 5, 7), i32x4.splat(0))))
  }
  if (kind == OR_F64) {
    const bitsA = i32x4.trunc_sat_f64x2_u_zero(a)
    const bitsB = i32x4.trunc_sat_f64x2_u_zero(b)
    v128.store(dst, v128.or(i64x2.shuffle(bitsA, bitsB, 0, 2), v128.load(dst)))
    const exactA = f64x2.eq(f64x2.convert_low_i32x4_u(bitsA), a)
    const exactB = f64x2.eq(f64x2.convert_low_i32x4_u(bitsB), b)
    return 4 - popcnt<u32>(i32x4.bitmask(i32x4.shuffle(exactA, exactB, 0, 2, 4, 6)))
  }
  put(kind, dst, i64x2.shuffle(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2))
  return 0
}
