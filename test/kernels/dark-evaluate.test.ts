import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kernels, uploaded, words, workspace } from './memory.js'

const value = fc.oneof(fc.float(), fc.integer({ min: -5, max: 5 }).map(Math.fround))
const plane = (length = 16) =>
  fc.array(value, { minLength: length, maxLength: length }).map(list => Float32Array.from(list))
const masks = fc.array(fc.constantFrom(0, 0, 0, 1, 4, 0x80000001, 0xffffffff), {
  minLength: 16,
  maxLength: 16,
})
const PLANE = 64

describe('what is wrong with a pixel', () => {
  it('lies too far from the middle, outside of the bounds, or is not finite', () => {
    const limit = fc.oneof(value, fc.double())
    fc.assert(
      fc.property(plane(), masks, limit, limit, limit, limit, (values, before, middle, width, low, high) => {
        const [v, bad] = [uploaded(values), uploaded(Uint32Array.from(before), PLANE)]
        kernels.markOutside(v.byteOffset, 16, middle, width, low, high, 2, 8, bad.byteOffset)
        const expected = before.map((mask, i) => {
          const x = values[i]!
          const out = Math.abs(x - middle) > width || x < low || x > high
          return (mask | (out ? 2 : 0) | (Number.isFinite(x) ? 0 : 8)) >>> 0
        })
        expect([...bad]).toEqual(expected)
      }),
      { numRuns: 500, seed: 5 },
    )
  })

  it('is that two stages are too close', () => {
    const close = (step: number, width: number, separation: number) =>
      width === 0 ? step === 0 : step / width < separation
    fc.assert(
      fc.property(plane(), plane(), plane(), plane(), masks, value, (m0, d0, m1, d1, before, separation) => {
        const [a, da, b, db] = [m0, d0, m1, d1].map((values, i) => uploaded(values, i * PLANE).byteOffset)
        const bad = [4, 5].map(i => uploaded(Uint32Array.from(before), i * PLANE))
        kernels.markClose(a!, da!, b!, db!, 16, separation, 2, bad[0]!.byteOffset, bad[1]!.byteOffset)
        const expected = before.map((mask, i) => {
          const width = Math.sqrt(d0[i]! ** 2 + d1[i]! ** 2)
          return (mask | (close(m1[i]! - m0[i]!, width, separation) ? 2 : 0)) >>> 0
        })
        for (const marked of bad) expect([...marked]).toEqual(expected)
      }),
      { numRuns: 500, seed: 6 },
    )
  })

  it('is counted bit by bit', () => {
    fc.assert(
      fc.property(masks, list => {
        kernels.countBits(uploaded(Uint32Array.from(list)).byteOffset, 16, workspace.at)
        const counts = [...words.subarray(workspace.at / 4, workspace.at / 4 + 33)]
        const bit = (i: number) => list.filter(mask => (mask >>> i) & 1).length
        expect(counts).toEqual([...Array.from({ length: 32 }, (_, i) => bit(i)), list.filter(Boolean).length])
      }),
      { numRuns: 200, seed: 7 },
    )
  })
})

// No whole numbers of blocks; in 42 four blocks lie side by side, as the kernel takes them.
describe.each([10, 42])('a plane of 6 × %i pixels from afar', fastScan => {
  const [slowScan, rows, columns] = [6, 2, Math.ceil(fastScan / 4)]
  const blockOf = (pixel: number) =>
    Math.floor(pixel / fastScan / 4) * columns + Math.floor((pixel % fastScan) / 4)
  const [sums, counts] = [workspace.at, workspace.at + 1024]

  it('is sums and numbers of finite values by block, in order of pixels', () => {
    fc.assert(
      fc.property(plane(slowScan * fastScan), values => {
        words.fill(0, sums / 4, counts / 4 + 64)
        const v = uploaded(values).byteOffset
        kernels.addBlocks(v, slowScan, fastScan, sums, counts)
        kernels.addBlocks(v, slowScan, fastScan, sums, counts)
        const [sum, count] = [new Float64Array(rows * columns), new Uint32Array(rows * columns)]
        for (let pass = 0; pass < 2; pass++)
          values.forEach((x, pixel) => {
            if (!Number.isFinite(x)) return
            sum[blockOf(pixel)]! += x
            count[blockOf(pixel)]! += 1
          })
        expect(new Float64Array(workspace.buffer, sums, rows * columns)).toEqual(sum)
        expect(new Uint32Array(workspace.buffer, counts, rows * columns)).toEqual(count)
      }),
      { numRuns: 200, seed: 8 },
    )
  })

  it('is numbers of words that are not 0', () => {
    const list = Uint32Array.from({ length: slowScan * fastScan }, (_, i) => (i % 3 ? 0 : 0x80000000))
    words.fill(0, counts / 4, counts / 4 + 64)
    kernels.countBlocks(uploaded(list).byteOffset, slowScan, fastScan, counts)
    const count = new Uint32Array(rows * columns)
    list.forEach((word, pixel) => {
      if (word !== 0) count[blockOf(pixel)]! += 1
    })
    expect(new Uint32Array(workspace.buffer, counts, rows * columns)).toEqual(count)
  })

  it('is how often which value occurs, the ends for all beyond', () => {
    const values = Float32Array.of(
      0,
      0.99,
      1,
      -5,
      1e30,
      -1e30,
      65_535,
      65_536,
      1023.984375,
      Number.NaN,
      -0,
      3,
      Number.NEGATIVE_INFINITY,
    )
    for (const scale of [1, 64]) {
      const steps = new Uint32Array(workspace.buffer, workspace.at, 65_536).fill(0)
      kernels.countSteps(uploaded(values).byteOffset, values.length, scale, workspace.at)
      const expected = new Uint32Array(65_536)
      for (const x of values.filter(Number.isFinite))
        expected[Math.min(65_535, Math.max(0, Math.floor(x * scale)))]! += 1
      expect(steps).toEqual(expected)
    }
  })
})
