/** Values that are drawn from first to last colour. */
export type Interval = readonly [low: number, high: number]

/** What of a picture is looked at for percentiles and the histogram: about so many of its pixels, evenly spread. */
const SAMPLE = 1 << 16

/** Finite values of a picture, ascending: all of them, or an even sample. */
export function sampleOf(values: Float32Array): Float32Array {
  // An odd step meets all columns of a picture in turn.
  const step = Math.max(1, Math.floor(values.length / SAMPLE)) | 1
  const sample = new Float32Array(Math.ceil(values.length / step))
  let count = 0
  for (let i = 0; i < values.length; i += step) {
    const value = values[i] ?? Number.NaN
    if (Number.isFinite(value)) sample[count++] = value
  }
  return sample.subarray(0, count).sort()
}

/** The values below which `low` and `high` percent of an ascending sample lie. */
export function percentiles(sample: Float32Array, low: number, high: number): Interval | undefined {
  if (sample.length === 0) return undefined
  const at = (percent: number): number =>
    sample[Math.round((Math.min(Math.max(percent, 0), 100) / 100) * (sample.length - 1))] ?? 0
  return [at(low), at(high)]
}

/** A share of the interval by which its ends may move before the colours follow: a picture that flickers cannot be read. */
const STILL = 0.1

/** The earlier interval while it is near enough to the one that is wanted. */
export function settled(earlier: Interval | undefined, wanted: Interval): Interval {
  if (earlier === undefined) return wanted
  const room = STILL * (wanted[1] - wanted[0])
  const near = Math.abs(earlier[0] - wanted[0]) <= room && Math.abs(earlier[1] - wanted[1]) <= room
  return near ? earlier : wanted
}

/** An interval that can be drawn: ascending, not empty, and on a logarithmic scale above zero. */
export function drawable([low, high]: Interval, logarithmic: boolean): Interval {
  if (!logarithmic) return high > low ? [low, high] : [low, low + Math.max(1, Math.abs(low) * 1e-3)]
  const top = high > 0 ? high : 1
  return [low > 0 && low < top ? low : top * 1e-4, top]
}

/** How many of a sample lie in each of `bins` equal parts of an interval; values outside are not counted. */
export function histogram(
  sample: Float32Array,
  [low, high]: Interval,
  bins: number,
): { readonly centres: number[]; readonly counts: number[] } {
  const width = (high - low) / bins
  const counts = new Array<number>(bins).fill(0)
  for (const value of sample) {
    if (value < low || value > high) continue
    const bin = Math.min(bins - 1, Math.floor((value - low) / width))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return { counts, centres: counts.map((_, i) => low + (i + 0.5) * width) }
}
