import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slabsOf } from '../../constants/files/slabs.js'
import type { ConstantSource } from '../../constants/files/source.js'
import { calibrationOf } from '../../constants/model/calibrations.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'

function source(shape: number[], dims: 'calcat' | 'image', chunkShape?: number[]): ConstantSource {
  const axes =
    dims === 'calcat'
      ? { fastScan: 0, slowScan: 1, cell: 2, plane: 3 }
      : { plane: 0, cell: 1, slowScan: 2, fastScan: 3 }
  const base = {
    calibration: calibrationOf(AGIPD_1M, 'Offset')!,
    place: { file: 'f', dataset: 'd' },
    shape,
    axes,
    dtype: 'f8',
  } as const
  if (!chunkShape) return base
  const [none, no] = [new Float64Array(0), new Uint32Array(0)]
  const storage = {
    kind: 'chunked',
    chunkShape,
    filters: [{ kind: 'deflate' }],
    addresses: none,
    sizes: no,
    filterMasks: no,
  } as const
  return { ...base, located: { path: 'd', shape, maxShape: shape, dtype: 'f8', elementBytes: 8, storage } }
}

it('slabs cover the region once and stay within the budget', () => {
  const axis = fc.integer({ min: 1, max: 7 })
  const shape = fc.tuple(axis, axis, axis, axis)
  const range = (n: number, a: number, b: number): [number, number] => {
    const from = a % n
    return [from, from + 1 + (b % (n - from))]
  }
  fc.assert(
    fc.property(
      shape,
      fc.option(shape),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 900 }),
      (n, chunk, a, b, budget) => {
        for (const dims of ['calcat', 'image'] as const) {
          const constant = source(
            n,
            dims,
            chunk?.map((c, i) => Math.min(c, n[i]!)),
          )
          const { axes } = constant
          const region = {
            slowScan: range(n[axes.slowScan]!, a, b),
            cells: range(n[axes.cell]!, b, a),
            planes: range(n[axes.plane]!, a + b, a),
          }
          const seen = new Map<string, number>()
          for (const { start, count, bytes } of slabsOf(constant, region, budget)) {
            expect(bytes).toBe(count.reduce((p, c) => p * c, 8))
            expect(bytes).toBeLessThanOrEqual(Math.max(budget, 8 * (region.planes[1] - region.planes[0])))
            for (let i = 0; i < count[0]!; i++)
              for (let j = 0; j < count[1]!; j++)
                for (let k = 0; k < count[2]!; k++)
                  for (let l = 0; l < count[3]!; l++) {
                    const key = [start[0]! + i, start[1]! + j, start[2]! + k, start[3]! + l].join()
                    seen.set(key, (seen.get(key) ?? 0) + 1)
                  }
          }
          const size = ([from, to]: readonly [number, number]) => to - from
          const wanted = n[axes.fastScan]! * size(region.slowScan) * size(region.cells) * size(region.planes)
          expect(seen.size).toBe(wanted)
          expect([...seen.values()].every(times => times === 1)).toBe(true)
        }
      },
    ),
  )
})

it('no chunk is read twice where the budget holds a chunk', () => {
  const constant = source([128, 512, 4, 3], 'calcat', [16, 96, 4, 3])
  const region = { slowScan: [0, 512], cells: [0, 4], planes: [0, 3] } as const
  for (const { start, count } of slabsOf(constant, region, 16 * 96 * 4 * 3 * 8 * 3)) {
    expect(start[0]! % 16).toBe(0)
    expect(start[1]! % 96).toBe(0)
    expect(count[0]! % 16).toBe(0)
    expect((start[1]! + count[1]!) % 96 === 0 || start[1]! + count[1]! === 512).toBe(true)
  }
})

describe('a contiguous constant in CalCat’s order', () => {
  const rowsOf = (cells: number, budget: number) => {
    const constant = source([128, 512, cells, 3], 'calcat')
    const region = { slowScan: [0, 512], cells: [0, cells], planes: [0, 3] } as const
    const [first] = slabsOf(constant, region, budget)
    return first?.count
  }

  it('is read in long runs of sixteen rows', () => {
    expect(rowsOf(352, 16 * 2 ** 20)).toEqual([64, 16, 352, 3])
  })

  it('is read in fewer rows where the budget holds no more, in more where a pixel has few bytes', () => {
    expect(rowsOf(352, 8 * 2 ** 20)).toEqual([64, 8, 352, 3])
    expect(rowsOf(352, 4 * 2 ** 20)).toEqual([64, 4, 352, 3])
    expect(rowsOf(32, 16 * 2 ** 20)).toEqual([64, 32, 32, 3])
  })
})
