// How many pixels are in which gain stage, and masked: of frames that were listed, or stored as planes.
import { DEPARTURE_BYTES, GAIN_SHIFT } from './table'

/** Bit 29 says whether the mask differs; below it is the pixel. */
const PIXEL: u32 = 0x1fffffff

/**
 * Of `departures` listed pixels: how many have gain 0 … 3, into `out[0 … 3]`, and how many more are masked than in `masks`, the
 * cell's first plane of masks, into `out[4]` (i32 each).
 */
export function countListed(list: usize, departures: usize, masks: usize, out: usize): void {
  memory.fill(out, 0, 20)
  let more: i32 = 0
  const end = list + departures * DEPARTURE_BYTES
  for (; list < end; list += DEPARTURE_BYTES) {
    const word = load<u32>(list)
    const at = out + (<usize>(word >> GAIN_SHIFT) << 2)
    store<u32>(at, load<u32>(at) + 1)
    more += i32(load<u32>(list, 4) != 0) - i32(load<u32>(masks + (<usize>(word & PIXEL) << 2)) != 0)
  }
  store<i32>(out, more, 16)
}

/** Pixels of a gain plane (a multiple of 16, of gains 0 to 2) in gain 1 and in gain 2, into `out[0]` and `out[1]` (u32). */
export function countStages(gain: usize, pixels: usize, out: usize): void {
  const ones = i8x16.splat(1)
  let medium = i32x4.splat(0)
  let low = medium
  for (const end = gain + pixels; gain < end; gain += 16) {
    const stages = v128.load(gain)
    medium = i32x4.add(medium, sum(v128.and(stages, ones)))
    low = i32x4.add(low, sum(v128.and(i8x16.shr_u(stages, 1), ones)))
  }
  store<u32>(out, total(medium))
  store<u32>(out, total(low), 4)
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
