// The frame table and the parameters that correction kernels read. Their twins on the other side are
// src/memory/frame-table.ts and src/corrections/kernel.ts.
//
// entry:  raw data gain mask departures rawMedium rawLow -   (u32, one entry of 32 bytes a frame)
// params: pixels stage forceMedium forceHigh flags   (u32, u32, f32, f32, u32)
export const ENTRY_BYTES: usize = 32
export const DATA: usize = 4
export const GAIN: usize = 8
export const MASK: usize = 12
export const DEPARTURES: usize = 16
export const MEDIUM: usize = 20
export const LOW: usize = 24

// Behind the last entry of a call lies room that kernels may write what they like to.
export const SCRATCH_BYTES: usize = 8256

export const STAGE: usize = 4
export const FORCE_MEDIUM: usize = 8
export const FORCE_HIGH: usize = 12
export const FLAGS: usize = 16

export const SET_MIN: u32 = 1
export const RANGE: u32 = 2
export const ZERO_NANS: u32 = 4
export const ZERO_ORANGE: u32 = 8

/** Version of the layouts above; the wrapper refuses a module that has another. */
export function layoutVersion(): u32 {
  return 2
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
