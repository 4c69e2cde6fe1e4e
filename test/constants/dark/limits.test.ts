import { describe, expect, it } from 'vitest'
import { evaluateCell } from '../../../constants/dark/bad-pixels.js'
import { boundsOf, parseBounds, requireSigma } from '../../../constants/dark/limits.js'
import type { StagePlanes } from '../../../constants/dark/planes.js'
import { AGIPD } from '../../../src/kits/agipd/index.js'
import { DSSC } from '../../../src/kits/dssc/index.js'
import { darkRecipeOf } from '../../../src/kits/kit.js'
import { LPD } from '../../../src/kits/lpd/index.js'
import { uploaded, workspace } from '../../kernels/memory.js'

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

it('recipes of LPD and DSSC are there, and a kit without one is refused', () => {
  expect(darkRecipeOf(LPD).gain).toMatchObject({
    shift: 12,
    bits: 3,
    tells: 'stage',
  })
  expect(darkRecipeOf(DSSC)).toMatchObject({
    stages: ['only'],
    signal: { zeroAs: 256 },
  })
  const { dark: _, ...kit } = AGIPD
  expect(() => darkRecipeOf(kit)).toThrow(/AGIPD-1M cannot be characterised/)
})

describe('bits of bad pixels', () => {
  const limits = {
    ...{ offsetSigma: 3, offsetHard: [[0, 100]] as const, noiseSigma: 3, noiseHard: [[1, 10]] as const },
    gainSeparation: 5,
  }
  /** Planes of eight pixels in the kernels' memory; the last ones are like the one before. */
  const stage = (number: number, ...quantities: number[][]): StagePlanes => {
    const [offset, noise, mean, deviation] = quantities.map((values, i) =>
      uploaded(
        Float32Array.from({ length: 8 }, (_, pixel) => values[pixel] ?? values.at(-1) ?? 0),
        32 * (5 * number + i),
      ),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array]
    const bad = uploaded(new Uint32Array(8).fill(0xdeadbeef), 32 * (5 * number + 4))
    return { offset, noise, bad, gain: { mean, deviation } }
  }

  it('tell limits, both ends of which are good, from values that are not finite', () => {
    const planes = stage(
      0,
      [0, 100, 101, Number.NaN, 50],
      [1, 10, 10, 5, Number.POSITIVE_INFINITY, 5],
      [0],
      [1],
    )
    const [evaluated] = evaluateCell([planes], [true], limits, false, workspace)
    expect([...planes.bad]).toEqual([0, 0, 1, 4, 4 + 2, 0, 0, 0])
    expect(evaluated).toMatchObject({ bad: 3, reasons: [1, 1, 2, 0, 0] })
  })

  it('mark a stage without frames as having no data, whatever was there before', () => {
    const planes = stage(0, [50], [5], [7], [1])
    const [evaluated] = evaluateCell([planes], [false], limits, false, workspace)
    expect([...planes.bad]).toEqual(new Array(8).fill(12))
    expect([...planes.offset, ...planes.noise, ...planes.gain!.mean]).toEqual(new Array(24).fill(Number.NaN))
    expect(evaluated).toMatchObject({ bad: 8, reasons: [0, 0, 8, 8, 0] })
    expect(evaluated?.offset).toBeNaN()
  })

  it('mark both stages whose raw gains are too close, and those that fall', () => {
    const stages = [
      stage(0, [50], [5], [100], [3, 3, 3, 0, 0]),
      stage(1, [50], [5], [125, 124, 90, 100, 101], [4, 4, 4, 0, 0]),
    ]
    evaluateCell(stages, [true, true], limits, true, workspace)
    const gain = 1 << 13
    for (const { bad } of stages) expect([...bad]).toEqual([0, gain, gain, gain, 0, 0, 0, 0])
  })
})
