/** Step `baseline-noise`. */
export interface NoisePeakParams {
  /** Shifts below −`limit` ADU are not believed. */
  readonly limit: number
}

/** The facility's number, ADU. */
export const DEFAULT_BASELINE_LIMIT = 5000

/** Bins of a histogram: `bins` of `width` ADU from `low` on. */
export interface Bins {
  readonly low: number
  readonly width: number
  readonly bins: number
}

/** The first look: 210 bins of 10 ADU from −2000. */
export const COARSE: Bins = { low: -2000, width: 10, bins: 210 }
const FINE_BINS = 200
/** Half of the second look's range, and the widths of the first look's wavelets: in units of the noise. */
const FINE_HALF = 5
const WIDTHS = [1, 3, 5]

/** Values above are no baseline, ADU. */
export const MOST_BASELINE = 50
/** Larger shifts are not believed: light is positive. ADU. */
const MOST_SHIFT = 10

/**
 * The baseline shift of an image, ADU, exactly an f32: the position of its noise peak, the centre of the bin at which the
 * histogram of its high-gain pixels, up to {@link MOST_BASELINE}, answers a Ricker wavelet most; the first of several. A first
 * look sums wavelets of 1, 3 and 5 times the noise; a second, 5 times the noise to either side, takes one as wide as the noise.
 * 0 where the peak is above 10 ADU or below −`limit`, where no pixel counts or the noise is unknown. f64, rounded once.
 * @param noise mean noise of the cell in high gain, ADU. @param count makes the histogram of the image for some bins.
 */
export function noisePeak(
  noise: number,
  { limit }: NoisePeakParams,
  count: (bins: Bins) => Uint32Array,
): number {
  if (!(noise > 0 && noise < Infinity)) return 0
  const coarse = peakOf(
    count(COARSE),
    COARSE,
    WIDTHS.map(width => width * noise),
  )
  if (coarse === undefined) return 0
  const fine = {
    low: coarse - FINE_HALF * noise,
    width: (2 * FINE_HALF * noise) / FINE_BINS,
    bins: FINE_BINS,
  }
  const peak = peakOf(count(fine), fine, [noise])
  return peak === undefined || peak > MOST_SHIFT || peak < -limit ? 0 : Math.fround(peak)
}

function peakOf(
  counts: Uint32Array,
  { low, width, bins }: Bins,
  scales: readonly number[],
): number | undefined {
  const filled = [...counts.entries()].filter(([, count]) => count > 0)
  if (filled.length === 0) return undefined
  const wavelet = Float64Array.from({ length: bins }, (_, i) => {
    let sum = 0
    for (const scale of scales) sum += ricker(i * width, scale)
    return sum
  })
  let [best, answer] = [0, -Infinity]
  for (let at = 0; at < bins; at++) {
    let sum = 0
    for (const [i, count] of filled) sum += count * (wavelet[Math.abs(i - at)] ?? 0)
    if (sum > answer) [best, answer] = [at, sum]
  }
  return low + (best + 0.5) * width
}

/** Ricker wavelet, the second derivative of a Gaussian, of unit energy. */
function ricker(x: number, scale: number): number {
  const square = (x / scale) ** 2
  return (2 / (Math.sqrt(3 * scale) * Math.PI ** 0.25)) * (1 - square) * Math.exp(-square / 2)
}

/** Mean of the finite values of a plane: f64, in their order; NaN if there is none. */
export function finiteMean(values: Float32Array): number {
  let [sum, count] = [0, 0]
  for (const value of values) {
    if (value - value !== 0) continue
    sum += value
    count++
  }
  return sum / count
}
