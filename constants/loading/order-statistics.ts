/** Hands all values to `use`, in pieces, the same ones at every call. */
export type Scan = (use: (values: Float64Array) => void) => void

/** At most this many values are gathered to be sorted. */
const MOST_GATHERED = 2 ** 20

/**
 * Exact median of the finite values of a scan, the mean of the middle two for an even count; NaN if none is finite.
 *
 * Memory is bounded whatever the count: values are ordered by an unsigned 64-bit key, histograms of 16 bits of it find
 * the leading bits of the middle one, from the top down, until few enough values share them to be sorted.
 */
export function medianOf(scan: Scan): number {
  let prefix: Prefix = { bits: 0, high: 0, low: 0 }
  let total = 0
  // Values under all that share the prefix, and how many do; `rank` of the lower middle value is among those.
  let below = 0
  let sharing = Number.POSITIVE_INFINITY
  let rank = 0
  while (sharing > MOST_GATHERED && prefix.bits < 64) {
    const counts = histogram(scan, prefix)
    if (prefix.bits === 0) {
      total = counts.reduce((sum, count) => sum + count, 0)
      if (total === 0) return Number.NaN
    }
    let digit = 0
    for (rank = Math.floor((total - 1) / 2) - below; (counts[digit] ?? 0) <= rank; digit++) {
      rank -= counts[digit] ?? 0
      below += counts[digit] ?? 0
    }
    sharing = counts[digit] ?? 0
    prefix = longer(prefix, digit)
  }
  const { shared, next } = gather(scan, prefix, Math.min(sharing, MOST_GATHERED))
  // More than could be gathered share all 64 bits: they are equal, any of them will do.
  const at = (index: number) => shared[Math.min(index, shared.length - 1)] ?? Number.NaN
  if (total % 2 === 1) return at(rank)
  return (at(rank) + (rank + 1 < sharing ? at(rank + 1) : next)) / 2
}

/** The leading `bits` (0, 16 … 64) of a key, as two u32 words whose other bits are zero. */
interface Prefix {
  readonly bits: number
  readonly high: number
  readonly low: number
}

function longer({ bits, high, low }: Prefix, digit: number): Prefix {
  const shifted = (digit << (bits % 32 === 0 ? 16 : 0)) >>> 0
  return bits < 32
    ? { bits: bits + 16, high: (high | shifted) >>> 0, low }
    : { bits: bits + 16, high, low: (low | shifted) >>> 0 }
}

/** Masks that leave the first `bits` of a key's two words. */
function masks(bits: number): readonly [high: number, low: number] {
  const leading = (n: number) => (n <= 0 ? 0 : (0xffffffff << (32 - Math.min(n, 32))) >>> 0)
  return [leading(bits), leading(bits - 32)]
}

/** Calls `use` with every finite value and its key: the order of keys, unsigned, is the order of values. */
function eachKey(scan: Scan, use: (high: number, low: number, value: number) => void): void {
  scan(values => {
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
    for (let i = 0; i < values.length; i++) {
      const high = words[2 * i + 1] ?? 0
      if ((high & 0x7ff00000) === 0x7ff00000) continue
      const low = words[2 * i] ?? 0
      const value = values[i] ?? 0
      if (high >>> 31) use(~high >>> 0, ~low >>> 0, value)
      else use((high | 0x80000000) >>> 0, low, value)
    }
  })
}

/** How many values that share `prefix` have each value of the next 16 bits. */
function histogram(scan: Scan, prefix: Prefix): Float64Array {
  const counts = new Float64Array(65536)
  const [maskHigh, maskLow] = masks(prefix.bits)
  const inHigh = prefix.bits < 32
  const shift = prefix.bits % 32 === 0 ? 16 : 0
  eachKey(scan, (high, low) => {
    if ((high & maskHigh) >>> 0 !== prefix.high || (low & maskLow) >>> 0 !== prefix.low) return
    const digit = ((inHigh ? high : low) >>> shift) & 0xffff
    counts[digit] = (counts[digit] ?? 0) + 1
  })
  return counts
}

/** Up to `most` values that share `prefix`, sorted, and the least value above all that do. */
function gather(scan: Scan, prefix: Prefix, most: number): { shared: Float64Array; next: number } {
  const shared = new Float64Array(most)
  const [maskHigh, maskLow] = masks(prefix.bits)
  let count = 0
  let next = Number.POSITIVE_INFINITY
  eachKey(scan, (high, low, value) => {
    const a = (high & maskHigh) >>> 0
    const b = (low & maskLow) >>> 0
    if (a === prefix.high && b === prefix.low) {
      if (count < most) shared[count++] = value
    } else if ((a > prefix.high || (a === prefix.high && b > prefix.low)) && value < next) next = value
  })
  return { shared: shared.sort(), next }
}
