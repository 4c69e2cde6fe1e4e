import fc from 'fast-check'
import { expect, it } from 'vitest'
import { medianOf } from '../../constants/loading/order-statistics.js'

/** In pieces of uneven length. */
const scan = (values: Float64Array) => (use: (piece: Float64Array) => void) => {
  for (let at = 0, n = 1; at < values.length; at += n, n = (n * 7) % 1009) use(values.slice(at, at + n))
}

function naive(values: Float64Array): number {
  const finite = values.filter(Number.isFinite).sort()
  const n = finite.length
  return n === 0 ? Number.NaN : n % 2 ? finite[(n - 1) / 2]! : (finite[n / 2 - 1]! + finite[n / 2]!) / 2
}

it('equals sorting, for any numbers', () => {
  fc.assert(
    fc.property(fc.float64Array(), values => {
      expect(medianOf(scan(values))).toBe(naive(values))
    }),
    { numRuns: 300 },
  )
})

// More values than are ever sorted at once, so that prefixes are refined.
it.each([
  ['spread', (i: number) => Math.sin(i) * 2 ** (i % 60)],
  ['close', (i: number) => 1 + (i % 997) * 2 ** -40],
  ['negative and close', (i: number) => -1 - ((i * 31) % 1009) * 2 ** -50],
  ['equal', () => 0.1],
  ['two, half each', (i: number) => (i % 2 ? 0.1 : 0.2)],
  ['three values, the middle one rare', (i: number) => (i === 77 ? 0.5 : i % 2 ? -3 : 3)],
  ['many not finite', (i: number) => (i % 3 ? Number.NaN : i % 2 ? Number.POSITIVE_INFINITY : i)],
])('equals sorting: %s', (_name, formula) => {
  for (const n of [1_500_000, 1_500_001]) {
    const values = Float64Array.from({ length: n }, (_, i) => formula(i))
    expect(medianOf(scan(values))).toBe(naive(values))
  }
})
