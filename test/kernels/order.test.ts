import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spreadOf } from '../../constants/dark/spread.js'
import { uploaded, workspace } from './memory.js'

/** By sorting, and by sums in the order that the kernel says. */
function expected(values: Float32Array) {
  const finite = values.filter(Number.isFinite).sort()
  const half = finite.length / 2
  const median = (finite[Math.ceil(half) - 1]! + finite[Math.floor(half)]!) / 2
  const total = (of: (value: number) => number) => {
    const parts = [0, 0, 0, 0]
    for (const [i, value] of values.entries()) if (Number.isFinite(value)) parts[i % 4]! += of(value)
    return parts[0]! + parts[1]! + (parts[2]! + parts[3]!)
  }
  const n = finite.length
  const mean = total(value => value) / n
  return { median: median + 0, deviation: Math.sqrt(total(value => (value - mean) ** 2) / n), finite: n }
}

function found(values: Float32Array) {
  const { median, ...rest } = spreadOf(uploaded(values), workspace)
  // -0 and 0 are equal, whichever is the middle one.
  return { median: median + 0, ...rest }
}

describe('median and width of a plane', () => {
  it('are those of sorting, of the finite values alone', () => {
    const value = fc.oneof(
      fc.float({ noDefaultInfinity: false }),
      fc.integer({ min: -3, max: 3 }).map(Math.fround),
      fc.integer({ min: 8000, max: 8060 }).map(n => n / 2),
    )
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), list => {
        const values = Float32Array.from([
          ...list,
          ...new Array((4 - (list.length % 4)) % 4).fill(Number.NaN),
        ])
        expect(found(values)).toEqual(expected(values))
      }),
      { numRuns: 1000, seed: 3 },
    )
  })

  const random = (i: number) => (Math.imul(i + 1, 0x9e3779b1) >>> 0) / 2 ** 32
  it.each<[string, (i: number) => number]>([
    ['close to their mean', i => 4500 + 100 * (random(i) + random(i + 7) + random(i + 99))],
    ['far from it in one place', i => (i === 77 ? 3e38 : random(i))],
    ['skewed', i => Math.exp(8 * random(i))],
    ['equal', () => 4500.25],
    ['two, half each', i => (i % 2 ? 1 : -1)],
    ['two, next to each other', i => (i % 2 ? 1 : 1 + 2 ** -23)],
    ['negative', i => -1000 - 50 * random(i)],
    ['around zero', i => random(i) - 0.5],
    ['denormal', i => (random(i) - 0.5) * 1e-40],
    ['hardly ever finite', i => (i % 1000 === 0 ? i : i % 3 ? Number.NaN : Number.NEGATIVE_INFINITY)],
    ['never finite', () => Number.NaN],
    ['of the whole range', i => (random(i) - 0.5) * 6e38],
  ])('are those of sorting where values are %s', (_name, value) => {
    for (const count of [65_536, 65_532, 4]) {
      const values = Float32Array.from({ length: count }, (_, i) => value(i))
      expect(found(values)).toEqual(expected(values))
    }
  })
})
