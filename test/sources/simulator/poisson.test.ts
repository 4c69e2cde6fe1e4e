import { describe, expect, test } from 'vitest'
import { draw, keyOf } from '../../../src/simulator/model/random.js'
import { classShift, poisson, poissonClass, poissonMean } from '../../../src/simulator/poisson.js'

const COUNT = 100_000

describe('Poisson numbers', () => {
  test.each([0.001, 0.1, 0.7, 1, 3, 9.5, 20, 31, 100, 2000])('of mean %d have mean and variance', wanted => {
    const number = poissonClass(wanted)
    const mean = poissonMean(number)
    expect(mean / wanted).toBeCloseTo(1, 1)
    const key = keyOf(3, 'photons', number)
    let [sum, squares] = [0, 0]
    for (let i = 0; i < COUNT; i++) {
      const n = poisson(number, draw(key.a, key.b, i))
      sum += n
      squares += (n - mean) ** 2
    }
    expect(Math.abs(sum / COUNT - mean)).toBeLessThan(5 * Math.sqrt(mean / COUNT))
    expect(Math.abs(squares / COUNT - mean)).toBeLessThan(5 * Math.sqrt((mean + 2 * mean ** 2) / COUNT))
  })

  test('invert the distribution: the share of random bits that give k is its probability', () => {
    const number = poissonClass(2)
    const mean = poissonMean(number)
    const steps = 2 ** 16
    const counts = new Float64Array(64)
    for (let i = 0; i < steps; i++) counts[poisson(number, Math.imul(i, 2 ** 16))]! += 1
    let probability = Math.exp(-mean)
    for (let k = 0; k < 12; k++) {
      expect(Math.abs(counts[k]! / steps - probability)).toBeLessThan(2 / steps)
      probability *= mean / (k + 1)
    }
  })

  test('end somewhere, and are never negative, for all bits and classes', () => {
    for (const number of [-5, 0, 1, 500, 900, 961, 962, 963, 1500, 100_000])
      for (const bits of [0, 1, -1, 2 ** 31, 2 ** 31 - 1]) {
        const n = poisson(number, bits)
        expect(Number.isInteger(n) && n >= 0 && n < 20_000).toBe(true)
      }
    expect(poisson(0, -1)).toBe(0)
  })

  test('scale by shifting classes', () => {
    expect(poissonMean(poissonClass(3) + classShift(1.4)) / poissonMean(poissonClass(3))).toBeCloseTo(1.4, 1)
    expect(poissonClass(0)).toBe(0)
    expect(poissonClass(Number.NaN)).toBe(0)
  })
})
