// AGIPD up to step 5: the value behind the offset and the gain stage of each pixel, of a chain whose further steps need
// whole images or files (agipd-finish.ts). src/kits/agipd/reference.ts says the same one pixel at a time.
import { offsetAt, stageOf, T0 } from './agipd-pixel'
import { highHalf, lowHalf } from './lanes'
import { DATA, ENTRY_BYTES, STAGES } from './table'

@inline
function stagePixel(raw: usize, data: usize, stages: usize, p: usize, plane: usize, constants: usize, params: usize): void {
  const c = constants + (p << 2)
  const s = <f32>load<u16>(raw + (p << 1))
  const stage = stageOf(c, plane, s, <f32>load<u16>(raw + (p << 1) + (plane >> 1)), params)
  store<f32>(data + (p << 2), s - load<f32>(offsetAt(c, plane, stage)))
  store<u8>(stages + p, <u8>stage)
}

/** Sixteen pixels of one frame as if all were in high gain; those that are not are done again one by one. */
@inline
function sixteen(
  entry: usize, p: usize, plane: usize, constants: usize, params: usize, o0: v128, o1: v128, o2: v128, o3: v128,
  t0: v128, t1: v128, t2: v128, t3: v128,
): void {
  const raw = <usize>load<u32>(entry)
  const data = <usize>load<u32>(entry, DATA)
  const stages = <usize>load<u32>(entry, STAGES)
  const s = raw + (p << 1)
  const r = s + (plane >> 1)
  const d = data + (p << 2)
  const s01 = v128.load(s)
  const s23 = v128.load(s, 16)
  v128.store(d, f32x4.sub(lowHalf(s01), o0))
  v128.store(d, f32x4.sub(highHalf(s01), o1), 16)
  v128.store(d, f32x4.sub(lowHalf(s23), o2), 32)
  v128.store(d, f32x4.sub(highHalf(s23), o3), 48)
  v128.store(stages + p, i32x4.splat(0))
  const r01 = v128.load(r)
  const r23 = v128.load(r, 16)
  const high01 = i16x8.narrow_i32x4_s(f32x4.le(lowHalf(r01), t0), f32x4.le(highHalf(r01), t1))
  const high23 = i16x8.narrow_i32x4_s(f32x4.le(lowHalf(r23), t2), f32x4.le(highHalf(r23), t3))
  const lanes = i8x16.bitmask(i8x16.narrow_i16x8_s(high01, high23)) ^ 0xffff
  if (lanes) again(raw, data, stages, p, plane, constants, params, lanes)
}

function again(
  raw: usize, data: usize, stages: usize, p: usize, plane: usize, constants: usize, params: usize, lanes: i32,
): void {
  for (; lanes; lanes &= lanes - 1) stagePixel(raw, data, stages, p + <usize>ctz(lanes), plane, constants, params)
}

/**
 * Pixels `from` … `to` − 1 of `frames` frames of one cell in adaptive gain, whose constants are O0 M0 T0 T1 O1 M1 O2 M2 …:
 * writes data and stages.
 */
export function agipdStages(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  const end = table + frames * ENTRY_BYTES
  let entry = table
  for (; entry + 4 * ENTRY_BYTES <= end; entry += 4 * ENTRY_BYTES) together(true, entry, constants, params, from, to)
  for (; entry < end; entry += ENTRY_BYTES) together(false, entry, constants, params, from, to)
}

/** One frame, or four, which share each load of a constant. */
@inline
function together(four: bool, entry: usize, constants: usize, params: usize, from: usize, to: usize): void {
  const plane = <usize>load<u32>(params) << 2
  const e1 = entry + ENTRY_BYTES
  const e2 = entry + 2 * ENTRY_BYTES
  const e3 = entry + 3 * ENTRY_BYTES
  let p = from
  for (; p + 16 <= to; p += 16) {
    const c = constants + (p << 2)
    const t = c + T0 * plane
    const o0 = v128.load(c), o1 = v128.load(c, 16), o2 = v128.load(c, 32), o3 = v128.load(c, 48)
    const t0 = v128.load(t), t1 = v128.load(t, 16), t2 = v128.load(t, 32), t3 = v128.load(t, 48)
    sixteen(entry, p, plane, constants, params, o0, o1, o2, o3, t0, t1, t2, t3)
    if (four) {
      sixteen(e1, p, plane, constants, params, o0, o1, o2, o3, t0, t1, t2, t3)
      sixteen(e2, p, plane, constants, params, o0, o1, o2, o3, t0, t1, t2, t3)
      sixteen(e3, p, plane, constants, params, o0, o1, o2, o3, t0, t1, t2, t3)
    }
  }
  const frames: usize = four ? 4 : 1
  for (; p < to; ++p)
    for (let f: usize = 0; f < frames; ++f) {
      const one = entry + f * ENTRY_BYTES
      stagePixel(load<u32>(one), load<u32>(one, DATA), load<u32>(one, STAGES), p, plane, constants, params)
    }
}

/** The same in fixed gain, where all pixels have one stage: constants O M …; stages are 0, the first there is. */
export function agipdFixedStages(
  table: usize, frames: usize, constants: usize, params: usize, from: usize, to: usize,
): void {
  for (let f: usize = 0; f < frames; ++f) {
    const entry = table + f * ENTRY_BYTES
    const raw = <usize>load<u32>(entry)
    const data = <usize>load<u32>(entry, DATA)
    memory.fill(<usize>load<u32>(entry, STAGES) + from, 0, to - from)
    let p = from
    for (; p + 8 <= to; p += 8) {
      const c = constants + (p << 2)
      const d = data + (p << 2)
      const s = v128.load(raw + (p << 1))
      v128.store(d, f32x4.sub(lowHalf(s), v128.load(c)))
      v128.store(d, f32x4.sub(highHalf(s), v128.load(c, 16)), 16)
    }
    for (; p < to; ++p)
      store<f32>(data + (p << 2), <f32>load<u16>(raw + (p << 1)) - load<f32>(constants + (p << 2)))
  }
}
