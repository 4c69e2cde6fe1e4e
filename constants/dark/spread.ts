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

/** Values that are drawn from a plane to find out about where its median lies. */
const DRAWN = 1024
/** How far in the ranks of the drawn the median is looked for: four times what chance makes of it. */
const REACH = 4 * (Math.sqrt(DRAWN) / 2)

/** Median of the `finite` finite values: exact, and for a large plane mostly of the few that a sample leaves in question. */
function medianOf(values: Float32Array, finite: number): number {
  if (finite === 0) return Number.NaN
  const ranks = { lower: (finite - 1) >>> 1, upper: finite >>> 1 }
  const few = values.length > 8 * DRAWN ? around(values, ranks) : undefined
  if (few === undefined) return selectMedian(values, ranks)
  const { inside, below } = few
  return selectMedian(inside, { lower: ranks.lower - below, upper: ranks.upper - below })
}

interface Ranks {
  readonly lower: number
  readonly upper: number
}

/** The values near the median, and how many lie below them; undefined where a sample deceives. */
function around(
  values: Float32Array,
  { lower, upper }: Ranks,
): { readonly inside: Float32Array; readonly below: number } | undefined {
  // An odd step: no structure of a module repeats with it.
  const step = Math.floor(values.length / DRAWN) | 1
  const drawn = new Float32Array(DRAWN)
  let count = 0
  for (let i = 0; i < values.length && count < DRAWN; i += step) {
    const value = values[i] ?? 0
    if (value - value === 0) drawn[count++] = value
  }
  if (count < DRAWN / 2) return undefined
  const sorted = drawn.subarray(0, count).sort()
  const from = sorted[Math.floor(count / 2 - REACH)] ?? 0
  const to = sorted[Math.ceil(count / 2 + REACH)] ?? 0

  const inside = new Float32Array(values.length)
  let below = 0
  let n = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    if (value >= from && value <= to) inside[n++] = value
    else if (value < from && value !== Number.NEGATIVE_INFINITY) below++
  }
  return below <= lower && upper < below + n ? { inside: inside.subarray(0, n), below } : undefined
}

/** Bits of a key that are found at once, from the top: the counts of 2048 digits stay in the first cache. */
const DIGITS = [
  { shift: 21, mask: 0x7ff },
  { shift: 10, mask: 0x7ff },
  { shift: 0, mask: 0x3ff },
] as const

/**
 * The mean of two neighbouring ranks of the finite values. Counts of the digits of a key, whose unsigned order is the
 * values', find the lower one exactly; where the upper one is another, one more pass finds it.
 */
function selectMedian(values: Float32Array, { lower, upper }: Ranks): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const counts = new Uint32Array(2048)
  let rank = lower
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
  const found = valueOfKey(prefix)
  if (upper === lower || rank + 1 < sharing) return found
  let next = 0xffffffff
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0
    const key = keyOf(word)
    if (key > prefix && key < next && (word & EXPONENT) !== EXPONENT) next = key
  }
  return (found + valueOfKey(next)) / 2
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
