import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeCell } from '../../../constants/dark/bad-pixels.js'
import { boundsOf, parseBounds, requireSigma } from '../../../constants/dark/limits.js'
import type { StagePlanes } from '../../../constants/dark/planes.js'
import { darkRecipe } from '../../../constants/dark/recipe.js'
import { finiteMedian, spreadOf } from '../../../constants/dark/spread.js'

describe('limits as options give them', () => {
  it('are one pair for all stages, or one a stage', () => {
    expect(parseBounds('3,7.5', 3, '--x')).toEqual([
      [3, 7.5],
      [3, 7.5],
      [3, 7.5],
    ])
    expect(parseBounds('-1,2: 3,4:5,5', 3, '--x')).toEqual([
      [-1, 2],
      [3, 4],
      [5, 5],
    ])
  })

  it.each(['', '3', '3,', '7,3', '1,2,3', 'a,b', '1,2:3,4', '1,2:3,4:5,6:7,8'])('are refused as %j', text => {
    expect(() => parseBounds(text, 3, '--offset-hard')).toThrow(/--offset-hard/)
  })

  it('refuse distances that are none', () => {
    expect(requireSigma(0, '--x')).toBe(0)
    for (const value of [-1, Number.NaN])
      expect(() => requireSigma(value, '--noise-sigma')).toThrow(/--noise-sigma/)
  })

  it('of a stage that has none of its own are the last', () => {
    expect(boundsOf([[1, 2]], 2)).toEqual([1, 2])
  })
})

it('recipes of LPD and DSSC are there, and of nothing unknown', () => {
  expect(darkRecipe({ id: 'lpd1m', name: 'LPD-1M' } as never).gain).toMatchObject({
    shift: 12,
    bits: 3,
    tells: 'stage',
  })
  expect(darkRecipe({ id: 'dssc1m', name: 'DSSC-1M' } as never)).toMatchObject({
    stages: ['high'],
    signal: { zeroAs: 256 },
  })
  expect(() => darkRecipe({ id: 'other', name: 'Other' } as never)).toThrow(/cannot be characterised/)
})

describe('median and width of a plane', () => {
  it('are those of sorting, of the finite values alone', () => {
    const value = fc.oneof(
      fc.float({ noDefaultInfinity: false }),
      fc.integer({ min: -3, max: 3 }).map(Math.fround),
      fc.integer({ min: 8000, max: 8060 }).map(n => n / 2),
    )
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), list => {
        const values = Float32Array.from(list)
        const finite = [...values].filter(Number.isFinite).sort((a, b) => a - b)
        const half = finite.length / 2
        const median = (finite[Math.ceil(half) - 1]! + finite[Math.floor(half)]!) / 2
        // -0 and 0 are equal, whichever is the middle one.
        expect(finiteMedian(values) + 0).toBe(finite.length === 0 ? Number.NaN : median + 0)
        const mean = finite.reduce((sum, x) => sum + x, 0) / finite.length
        const squares = finite.reduce((sum, x) => sum + (x - mean) ** 2, 0)
        const { deviation, finite: count } = spreadOf(values)
        expect(count).toBe(finite.length)
        if (finite.length > 0)
          expect(deviation).toBeCloseTo(
            Math.sqrt(squares / finite.length),
            6 - Math.ceil(Math.log10(1 + Math.sqrt(squares))),
          )
      }),
      { numRuns: 500, seed: 3 },
    )
  })
})

describe('bits of bad pixels', () => {
  const limits = {
    ...{ offsetSigma: 3, offsetHard: [[0, 100]] as const, noiseSigma: 3, noiseHard: [[1, 10]] as const },
    gainSeparation: 5,
  }
  const plane = (...values: number[]) => Float32Array.from(values)
  const stage = (offset: number[], noise: number[], mean: number[], deviation: number[]): StagePlanes => ({
    offset: plane(...offset),
    noise: plane(...noise),
    bad: new Uint32Array(offset.length).fill(0xdeadbeef),
    gain: { mean: plane(...mean), deviation: plane(...deviation) },
  })

  it('tell limits, both ends of which are good, from values that are not finite', () => {
    const planes = stage(
      [0, 100, 101, Number.NaN, 50],
      [1, 10, 10, 5, Number.POSITIVE_INFINITY],
      [0, 0, 0, 0, 0],
      [1, 1, 1, 1, 1],
    )
    const [judged] = judgeCell([planes], [true], limits, false)
    expect([...planes.bad]).toEqual([0, 0, 1, 4, 4 + 2])
    expect(judged).toMatchObject({ bad: 3, reasons: [1, 1, 2, 0, 0] })
  })

  it('mark a stage without frames as having no data, whatever was there before', () => {
    const planes = stage([50, 50], [5, 5], [7, 7], [1, 1])
    const [judged] = judgeCell([planes], [false], limits, false)
    expect([...planes.bad]).toEqual([12, 12])
    expect([...planes.offset, ...planes.noise, ...planes.gain!.mean]).toEqual(new Array(6).fill(Number.NaN))
    expect(judged?.offset).toBeNaN()
  })

  it('mark both stages whose raw gains are too close, and those that fall', () => {
    const stages = [
      stage([50, 50, 50, 50, 50], [5, 5, 5, 5, 5], [100, 100, 100, 100, 100], [3, 3, 3, 0, 0]),
      stage([50, 50, 50, 50, 50], [5, 5, 5, 5, 5], [125, 124, 90, 100, 101], [4, 4, 4, 0, 0]),
    ]
    judgeCell(stages, [true, true], limits, true)
    const gain = 1 << 13
    for (const { bad } of stages) expect([...bad]).toEqual([0, gain, gain, gain, 0])
  })
})
