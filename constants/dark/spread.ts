/** Middle and width of the finite values of a plane. */
export interface Spread {
  /** Exact; even count: mean of the middle two. NaN if none is finite. */
  readonly median: number
  /** Population standard deviation, two passes in f64 in order of pixels. NaN if none is finite. */
  readonly deviation: number
  readonly finite: number
}

/** {@link Spread} of a plane of f32. Indexed loops throughout: they take a fifth of the time of iterators. */
export function spreadOf(values: Float32Array): Spread {
  const { finite, sum } = sumOf(values)
  const mean = sum / finite
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    const distance = (values[i] ?? 0) - mean
    // Of values that are not finite neither is the distance.
    if (distance - distance === 0) squares += distance * distance
  }
  return { median: medianOf(values, finite), deviation: Math.sqrt(squares / finite), finite }
}

/** Exact median of the finite values of a plane; NaN if there is none. */
export function finiteMedian(values: Float32Array): number {
  return medianOf(values, sumOf(values).finite)
}

function sumOf(values: Float32Array): { finite: number; sum: number } {
  let finite = 0
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    if (value - value !== 0) continue
    finite++
    sum += value
  }
  return { finite, sum }
}

/** Bits of a key that are found at once, from the top: the counts of 2048 digits stay in the first cache. */
const DIGITS = [
  { shift: 21, mask: 0x7ff },
  { shift: 10, mask: 0x7ff },
  { shift: 0, mask: 0x3ff },
] as const

/**
 * Median of the `finite` finite values. Counts of the digits of a key, whose unsigned order is the values', find the
 * lower middle one exactly; for an even count one more pass finds the next.
 */
function medianOf(values: Float32Array, finite: number): number {
  if (finite === 0) return Number.NaN
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const counts = new Uint32Array(2048)
  let rank = (finite - 1) >>> 1
  let prefix = 0
  let known = 0
  let sharing = 0
  for (const { shift, mask } of DIGITS) {
    counts.fill(0)
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? 0
      const key = keyOf(word)
      if ((key & known) >>> 0 !== prefix || (word & EXPONENT) === EXPONENT) continue
      const digit = (key >>> shift) & mask
      counts[digit] = (counts[digit] ?? 0) + 1
    }
    let digit = 0
    for (; (counts[digit] ?? 0) <= rank; digit++) rank -= counts[digit] ?? 0
    sharing = counts[digit] ?? 0
    prefix = (prefix | (digit << shift)) >>> 0
    known = (known | (mask << shift)) >>> 0
  }
  const lower = valueOfKey(prefix)
  if (finite % 2 === 1 || rank + 1 < sharing) return lower
  let next = 0xffffffff
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0
    const key = keyOf(word)
    if (key > prefix && key < next && (word & EXPONENT) !== EXPONENT) next = key
  }
  return (lower + valueOfKey(next)) / 2
}

/** All ones in infinities and NaN. */
const EXPONENT = 0x7f800000

/** Negative values have all bits turned, others the sign: then the order of keys is that of values. */
function keyOf(word: number): number {
  return (word >>> 31 ? ~word : word | 0x80000000) >>> 0
}

function valueOfKey(key: number): number {
  WORD[0] = key >>> 31 ? key & 0x7fffffff : ~key
  return FLOAT[0] ?? Number.NaN
}

const WORD = new Uint32Array(1)
const FLOAT = new Float32Array(WORD.buffer)
