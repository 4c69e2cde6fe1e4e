// How many pixels are in which gain stage, and masked: of frames that were listed, or stored as planes.
import { DEPARTURE_BYTES, GAIN_SHIFT } from './table'

/** Bit 29 says whether the mask differs; below it is the pixel. */
const PIXEL: u32 = 0x1fffffff

/**
 * Of `departures` listed pixels: adds how many have gain 0 … 3 to `out[0 … 3]`, and how many more are masked than in `masks`,
 * the cell's first plane of masks, to `out[4]` (i32 each).
 */
export function countListed(list: usize, departures: usize, masks: usize, out: usize): void {
  let more = load<i32>(out, 16)
  const end = list + departures * DEPARTURE_BYTES
  for (; list < end; list += DEPARTURE_BYTES) {
    const word = load<u32>(list)
    const at = out + (<usize>(word >> GAIN_SHIFT) << 2)
    store<u32>(at, load<u32>(at) + 1)
    more += i32(load<u32>(list, 4) != 0) - i32(load<u32>(masks + (<usize>(word & PIXEL) << 2)) != 0)
  }
  store<i32>(out, more, 16)
}

/** How many of `count` masks (a multiple of 4) are not 0. */
export function countMasked(masks: usize, count: usize): u32 {
  const zero = i32x4.splat(0)
  let clear = zero
  for (const end = masks + (count << 2); masks < end; masks += 16) clear = i32x4.sub(clear, i32x4.eq(v128.load(masks), zero))
  return <u32>count - total(clear)
}

/** Adds the pixels of a gain plane (a multiple of 16, of gains 0 to 2) in gain 1 and in gain 2 to `out[1]` and `out[2]` (u32). */
export function countStages(gain: usize, pixels: usize, out: usize): void {
  const ones = i8x16.splat(1)
  let medium = i32x4.splat(0)
  let low = medium
  for (const end = gain + pixels; gain < end; gain += 16) {
    const stages = v128.load(gain)
    medium = i32x4.add(medium, sum(v128.and(stages, ones)))
    low = i32x4.add(low, sum(v128.and(i8x16.shr_u(stages, 1), ones)))
  }
  store<u32>(out, load<u32>(out, 4) + total(medium), 4)
  store<u32>(out, load<u32>(out, 8) + total(low), 8)
}

/** Sums of sixteen bytes, in four lanes. */
@inline
function sum(bytes: v128): v128 {
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes))
}

@inline
function total(lanes: v128): u32 {
  return i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1) + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3)
}
