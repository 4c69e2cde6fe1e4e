/**
 * Ids that cannot be confused with indices, nor with each other.
 *
 * HDF5 stores train and pulse ids as u64. European XFEL's are near 2.5e9 and the simulator's near 1e10,
 * far below 2^53, so a branded number holds them exactly; {@link isTrainId} tells what it could not hold.
 */
declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Number of an X-ray train, ten a second, counted by the time server since the facility began. */
export type TrainId = Brand<number, 'TrainId'>
/**
 * Stands for a cell id that 16 bits do not hold; no detector has as many cells. Frames whose id is not below the
 * detector's cells are NaN with mask bit 3 (NO_DARK_DATA) when corrected, and no part of a dark characterisation.
 */
export const NO_CELL = 0xffff

/** Cell ids as 16 bits hold them; {@link NO_CELL} for what is none. */
export function cellIdsOf(numbers: Float64Array): Uint16Array {
  // NaN compares false.
  return Uint16Array.from(numbers, cell => (cell >= 0 && cell < NO_CELL && cell % 1 === 0 ? cell : NO_CELL))
}

/** From here on EXtra-data takes a pulse id for "no pulse". */
export const PULSE_LIMIT = 9999

/** Written for a pulse id that 64 bits without sign do not hold: negative, a fraction, NaN. */
export const NO_PULSE = 2n ** 64n - 1n

/** A pulse id as files hold it: `wide` where it is an integer that no double holds. */
export function storedPulse(value: number | undefined, wide: bigint | undefined): bigint {
  const id = wide ?? (Number.isInteger(value) ? BigInt(value ?? 0) : NO_PULSE)
  return id >= 0n && id <= NO_PULSE ? id : NO_PULSE
}

/** Number of a module in its detector, from 0 on; of a megapixel detector Q1M1 is 0 and Q4M4 is 15. */
export type ModuleIndex = Brand<number, 'ModuleIndex'>
/** Gain stage a pixel measured in: 0 high, 1 medium, 2 low. */
export type GainStage = 0 | 1 | 2

/** Whether a number can be a train's id: a whole number above 0 that a double holds exactly. */
export function isTrainId(value: number | undefined): value is TrainId {
  return Number.isSafeInteger(value) && (value ?? 0) > 0
}

/** A train id from elsewhere than a file. @throws RangeError if a number cannot hold it exactly or it is not positive. */
export function trainId(value: bigint | number): TrainId {
  const id = Number(value)
  if (!isTrainId(id)) throw new RangeError(`${value} is not a train id`)
  return id
}

/** A module number, which the caller has held against the detector's module count. @throws RangeError if it is negative or not whole. */
export function moduleIndex(value: number): ModuleIndex {
  if (!Number.isInteger(value) || value < 0) throw new RangeError(`${value} is not a module number`)
  return value as ModuleIndex
}

/** Aggregator-style two-digit name part: module 3 is `03`. */
export function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
