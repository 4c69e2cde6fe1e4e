/** One frame: raw numbers in, results out; one element a pixel in image order unless said otherwise. */
export interface ReferenceFrame {
  /** Planes as in the file. AGIPD: `pixels` analogue signals, and behind them in adaptive gain as many raw gains. */
  readonly raw: Uint16Array
  readonly data: Float32Array
  readonly gain: Uint8Array
  readonly mask: Uint32Array
}

export const VALUE_IS_NAN = 1 << 11
export const VALUE_OUT_OF_RANGE = 1 << 12

/** Every NaN in a result has these bits. */
export const CANONICAL_NAN = 0x7fc00000
