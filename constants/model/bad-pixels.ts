/**
 * Bits of a mask, as European XFEL's offline calibration and EXtra name them (`BadPixels`, the sic included).
 * A mask is u32 and 0 is good; {@link BAD_PIXELS}.NON_STANDARD_SIZE informs rather than condemns.
 * Use `>>> 0` on every result of a bit operation: bit 31 is taken.
 */
export const BAD_PIXELS = {
  OFFSET_OUT_OF_THRESHOLD: 0,
  NOISE_OUT_OF_THRESHOLD: 1,
  OFFSET_NOISE_EVAL_ERROR: 2,
  NO_DARK_DATA: 3,
  CI_GAIN_OF_OF_THRESHOLD: 4,
  CI_LINEAR_DEVIATION: 5,
  CI_EVAL_ERROR: 6,
  FF_GAIN_EVAL_ERROR: 7,
  FF_GAIN_DEVIATION: 8,
  FF_NO_ENTRIES: 9,
  CI2_EVAL_ERROR: 10,
  VALUE_IS_NAN: 11,
  VALUE_OUT_OF_RANGE: 12,
  GAIN_THRESHOLDING_ERROR: 13,
  DATA_STD_IS_ZERO: 14,
  ASIC_STD_BELOW_NOISE: 15,
  INTERPOLATED: 16,
  NOISY_ADC: 17,
  OVERSCAN: 18,
  NON_SENSITIVE: 19,
  NON_LIN_RESPONSE_REGION: 20,
  WRONG_GAIN_VALUE: 21,
  NON_STANDARD_SIZE: 22,
  EXPERT_CHOICE: 23,
  USER1: 30,
  USER2: 31,
} as const

export type BadPixelName = keyof typeof BAD_PIXELS

/** The mask with the bits of `names` set, u32. */
export function badPixelMask(...names: readonly BadPixelName[]): number {
  return names.reduce((mask, name) => (mask | (1 << BAD_PIXELS[name])) >>> 0, 0)
}

/** Names of the bits set in `mask`, in order of bits; bits without a name are `BIT_<n>`. */
export function badPixelNames(mask: number): string[] {
  const names: string[] = []
  for (let bit = 0; bit < 32; bit++) if ((mask >>> bit) & 1) names.push(NAME_OF_BIT.get(bit) ?? `BIT_${bit}`)
  return names
}

const NAME_OF_BIT = new Map<number, string>(Object.entries(BAD_PIXELS).map(([name, bit]) => [bit, name]))
