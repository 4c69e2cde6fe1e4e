/**
 * One frame: raw numbers in, results out; one element a pixel in image order unless said otherwise. `Raw` is the
 * detector's: one array of its planes, or one array for each raw frame of a pulse.
 */
export interface ReferenceFrame<Raw> {
  readonly raw: Raw
  readonly data: Float32Array
  readonly gain: Uint8Array
  readonly mask: Uint32Array
}

/** Options of the step `range`. */
export interface RangeParams {
  readonly range: boolean
  readonly zeroNans: boolean
  readonly zeroOrange: boolean
}

export const VALUE_IS_NAN = 1 << 11
export const VALUE_OUT_OF_RANGE = 1 << 12

/** Every NaN in a result has these bits. */
export const CANONICAL_NAN = 0x7fc00000

/** The last thing that happens to a pixel, in every detector: step 14, `range`, and the results stored. */
export function finishPixel(
  { range, zeroNans, zeroOrange }: RangeParams,
  frame: ReferenceFrame<unknown>,
  p: number,
  value: number,
  gain: number,
  mask: number,
): void {
  let [d, m] = [value, mask]
  if (range) {
    const isNan = !Number.isFinite(d)
    const isOut = Math.abs(d) > 1e7
    if (isNan) m |= VALUE_IS_NAN
    if (isOut) m |= VALUE_OUT_OF_RANGE
    if ((isNan && zeroNans) || (isOut && zeroOrange)) d = 0
  }
  const { data } = frame
  data[p] = d
  if (Number.isNaN(d)) new DataView(data.buffer, data.byteOffset).setUint32(4 * p, CANONICAL_NAN, true)
  frame.gain[p] = gain
  frame.mask[p] = m
}
