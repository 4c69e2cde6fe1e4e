import { describe, expect, test } from 'vitest'
import { quantiles } from '../../../src/simulator/model/gauss.js'
import { draw, type Key, keyOf, uniform } from '../../../src/simulator/model/random.js'

const GAUSS = quantiles()

const COUNT = 200_000

function uniforms(key: Key): Float64Array {
  return Float64Array.from({ length: COUNT }, (_, i) => uniform(key, i))
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function correlation(a: Float64Array, b: Float64Array): number {
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb)
    aa += (a[i]! - ma) ** 2
    bb += (b[i]! - mb) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

/** Five standard deviations of a correlation of independent numbers. */
const INDEPENDENT = 5 / Math.sqrt(COUNT)

describe('random numbers by counter', () => {
  test('are fixed for ever: simulated data must not change between versions', () => {
    const key = keyOf(7, 'photons', 3, 10_000_000_001)
    expect([key.a, key.b, draw(key.a, key.b, 0), draw(key.a, key.b, 1)]).toMatchInlineSnapshot(`
      [
        -1245299078,
        76331534,
        -103778391,
        1469267047,
      ]
    `)
  })

  test('are uniform: moments, and every bit set half of the time', () => {
    const key = keyOf(1, 'photons', 0)
    const values = uniforms(key)
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / COUNT))
    expect(Math.abs(mean(values.map(value => value ** 2)) - 1 / 3)).toBeLessThan(5 * Math.sqrt(0.09 / COUNT))
    const set = new Float64Array(32)
    for (let i = 0; i < COUNT; i++)
      for (let bit = 0; bit < 32; bit++) set[bit]! += (draw(key.a, key.b, i) >>> bit) & 1
    for (const count of set) expect(Math.abs(count / COUNT - 0.5)).toBeLessThan(2.5 / Math.sqrt(COUNT))
  })

  test('do not follow their neighbours', () => {
    const values = uniforms(keyOf(1, 'photons', 0))
    for (const lag of [1, 2, 3, 64, 128, 512]) {
      expect(Math.abs(correlation(values.slice(0, -lag), values.slice(lag)))).toBeLessThan(INDEPENDENT * 1.1)
    }
  })

  test.each([
    ['seed', keyOf(1, 'photons', 5, 9), keyOf(2, 'photons', 5, 9)],
    ['stream', keyOf(1, 'photons', 5, 9), keyOf(1, 'electronics', 5, 9)],
    ['one word', keyOf(1, 'photons', 5, 9), keyOf(1, 'photons', 5, 10)],
    ['order of words', keyOf(1, 'photons', 5, 9), keyOf(1, 'photons', 9, 5)],
    ['bits above 32', keyOf(1, 'photons', 5), keyOf(1, 'photons', 5 + 2 ** 32)],
  ])('of keys that differ in %s are independent', (_, a, b) => {
    expect(a).not.toEqual(b)
    expect(Math.abs(correlation(uniforms(a), uniforms(b)))).toBeLessThan(INDEPENDENT)
  })

  test('of two frames are no shifted copies: keys that share their first word', () => {
    const [one, two] = [keyOf(1, 'photons', 1), keyOf(1, 'photons', 2)]
    const values = uniforms(one)
    const other = uniforms({ a: one.a, b: two.b })
    expect(Math.abs(correlation(values, other))).toBeLessThan(INDEPENDENT)
  })
})

describe('normal quantiles', () => {
  test('have the moments of the normal distribution', () => {
    const moment = (power: number) => GAUSS.reduce((sum, value) => sum + value ** power, 0) / GAUSS.length
    expect(moment(1)).toBeCloseTo(0, 10)
    expect(moment(2)).toBeCloseTo(1, 3)
    expect(moment(4)).toBeCloseTo(3, 1)
  })

  test('are where tables have them', () => {
    // Quantiles of 2.5 %, 16 % and 50 %, between two entries each.
    expect(GAUSS[Math.floor(0.025 * 65536)]).toBeCloseTo(-1.95996, 3)
    expect(GAUSS[Math.floor(0.158655 * 65536)]).toBeCloseTo(-1, 3)
    expect(GAUSS[32768]).toBeCloseTo(0, 4)
    expect([...GAUSS].every((value, i) => i === 0 || value > GAUSS[i - 1]!)).toBe(true)
  })
})
