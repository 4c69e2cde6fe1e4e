// The frame table and the parameters that correction kernels read. Their counterparts in TypeScript are
// src/memory/frame-table.ts and src/wasm/kernels.ts.
//
// entry:  raw data gain mask departures rawMedium|stages rawLow|still means   (u32, one entry of 32 bytes a frame) In the listed form of
// a kernel `gain` is the start of the frame's list of departures and `mask` the end of its buffer. departure: pixel |
// differing mask << 29 | gain << 30, mask   (u32) params: pixels stage forceMedium forceHigh flags photon
// fraction most (u32, u32, f32, f32, u32, f32, f32, f32)
export const ENTRY_BYTES: usize = 32
export const DATA: usize = 4
export const GAIN: usize = 8
export const MASK: usize = 12
export const DEPARTURES: usize = 16
export const LIST: usize = GAIN
export const LIST_END: usize = MASK
export const MEDIUM: usize = 20
export const LOW: usize = 24

// Of a chain that needs whole images or files: the frame's plane of gain stages (u8), where its cell's bytes are that are
// 1 if all samples of a pixel are the same (0: unknown), and the frame's means of ASICs, [iteration][ASIC] f32.
export const STAGES: usize = 20
export const STILL: usize = 24
export const MEANS: usize = 28

// After the last entry of a call follows scratch for the kernels.
export const SCRATCH_BYTES: usize = 8256

export const DEPARTURE_BYTES: usize = 8
export const MASK_DIFFERS: u32 = 1 << 29
export const GAIN_SHIFT: u32 = 30

export const STAGE: usize = 4
export const FORCE_MEDIUM: usize = 8
export const FORCE_HIGH: usize = 12
export const FLAGS: usize = 16

export const SET_MIN: u32 = 1
export const RANGE: u32 = 2
export const ZERO_NANS: u32 = 4
export const ZERO_ORANGE: u32 = 8
export const ROUND: u32 = 16
/** All factors of high gain are 1: such values need not be multiplied. */
export const HIGH_IS_ONE: u32 = 32

// Step round-photons (f32): ADU of a photon, fraction from which on it is rounded up, most photons.
export const PHOTON: usize = 20
export const FRACTION: usize = 24
export const MOST: usize = 28

/** Bit of DATA_STD_IS_ZERO. */
export const STD_IS_ZERO: u32 = 14

/** Version of the layouts above; the wrapper refuses a module with another version. */
export function layoutVersion(): u32 {
  return 4
}

/** Sets the departures of every entry to 0. */
export function clearDepartures(table: usize, frames: usize): void {
  for (let f: usize = 0; f < frames; ++f) store<u32>(table + f * ENTRY_BYTES, 0, DEPARTURES)
}

/** Adds to the departures of one entry. */
@inline
export function depart(entry: usize, count: u32): void {
  store<u32>(entry, load<u32>(entry, DEPARTURES) + count, DEPARTURES)
}

/** Lists one departure of a frame; those that do not fit are only counted. */
@inline
export function list(entry: usize, p: usize, gain: u32, mask: u32, differs: u32): void {
  const count = load<u32>(entry, DEPARTURES)
  const at = <usize>load<u32>(entry, LIST) + <usize>count * DEPARTURE_BYTES
  if (at < <usize>load<u32>(entry, LIST_END)) {
    store<u32>(at, <u32>p | (differs ? MASK_DIFFERS : 0) | (gain << GAIN_SHIFT))
    store<u32>(at, mask, 4)
  }
  store<u32>(entry, count + 1, DEPARTURES)
}
