import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChecksumGrid } from '../../constants/files/checksums/grid.js'
import { ChecksumSums } from '../../constants/files/checksums/sums.js'
import { type Range, type Region, type Slab, slabsOf } from '../../constants/files/slabs.js'
import type { ConstantSource } from '../../constants/files/source.js'
import { axesOf } from '../../constants/model/axes.js'
import { DTYPE_BYTES, type DType } from '../../src/model/dtypes.js'

const LENGTHS = { fast_scan: 5, slow_scan: 19, cell: 71, gain: 3 } as Record<string, number>
const ORDERS = [
  ['fast_scan', 'slow_scan', 'cell', 'gain'],
  ['gain', 'fast_scan', 'slow_scan', 'cell'],
  ['gain', 'cell', 'slow_scan', 'fast_scan'],
  ['cell', 'gain', 'slow_scan', 'fast_scan'],
  ['cell', 'slow_scan', 'fast_scan', 'gain'],
  ['cell', 'fast_scan', 'slow_scan'],
  ['fast_scan', 'slow_scan', 'cell'],
]

type Layout = Pick<ConstantSource, 'shape' | 'axes' | 'dtype'>

function layoutOf(dims: readonly string[], dtype: DType): Layout {
  return { shape: dims.map(dim => LENGTHS[dim] ?? 1), axes: axesOf(dims), dtype }
}

function wholeOf({ shape, axes }: Layout): Region {
  const length = (axis: number) => shape[axis] ?? 1
  return {
    slowScan: [0, length(axes.slowScan)],
    cells: [0, length(axes.cell)],
    planes: [0, length(axes.plane)],
  }
}

/** The elements of a slab out of all of a constant's, in disk order. */
function cut({ shape, dtype }: Layout, all: Uint8Array, { start, count, bytes }: Slab): Uint8Array {
  const size = DTYPE_BYTES[dtype]
  const out = new Uint8Array(bytes)
  for (let i = 0; i < bytes / size; i++) {
    let [rest, at] = [i, 0]
    const index = count.toReversed().map((n, axis) => {
      const position = rest % n
      rest = Math.floor(rest / n)
      return position + (start[count.length - 1 - axis] ?? 0)
    })
    for (const [axis, position] of index.toReversed().entries()) at = at * (shape[axis] ?? 1) + position
    out.set(all.subarray(at * size, (at + 1) * size), i * size)
  }
  return out
}

function sumsOf(layout: Layout, all: Uint8Array, region: Region, budget: number): ChecksumSums | undefined {
  const grid = new ChecksumGrid(layout)
  const slabs = [...slabsOf(layout as ConstantSource, region, budget)]
  if (!slabs.every(slab => grid.keepsRuns(slab))) return undefined
  const sums = new ChecksumSums(grid)
  for (const slab of slabs) sums.add(slab, cut(layout, all, slab))
  return sums
}

function bytesOf({ shape, dtype }: Layout, seed: number): Uint8Array {
  const all = new Uint8Array(shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]))
  let state = seed
  for (let i = 0; i < all.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    all[i] = state >>> 24
  }
  return all
}

describe.each(ORDERS)('checksums of a constant (%s, %s, %s, %s)', (...dims) => {
  const order = dims.filter(dim => dim !== undefined)

  it.each(['f8', 'f4', 'u1'] as const)('%s: are the same in whatever slabs, and in parts', dtype => {
    const layout = layoutOf(order, dtype)
    const all = bytesOf(layout, 1)
    const whole = wholeOf(layout)
    const expected = sumsOf(layout, all, whole, 2 ** 24)?.bytes
    expect(expected).toBeDefined()
    let taken = 0
    for (const budget of [1500, 9000, 40_000]) {
      const found = sumsOf(layout, all, whole, budget)
      if (found) taken++
      if (found) expect(found.bytes).toEqual(expected)
    }
    expect(taken).toBeGreaterThan(0)
    const grid = new ChecksumGrid(layout)
    const planes = layout.axes.plane === layout.shape.length - 1 ? whole.planes : ([0, 1] as const)
    const part = grid.whole({ slowScan: [9, 10], cells: [65, 66], planes })
    expect(part).toEqual({ slowScan: [8, 16], cells: [64, 71], planes })
    const sums = sumsOf(layout, all, part, 2 ** 24)
    const parts: { part: number; rows: Range; cells: Range }[] = []
    grid.eachPartOf(part, (part, rows, cells) => parts.push({ part, rows, cells }))
    expect(parts.map(({ rows, cells }) => [rows, cells])).toEqual([
      [
        [8, 16],
        [64, 71],
      ],
    ])
    for (const { part } of parts) expect(sums?.agrees(part, expected!)).toBe(true)
  })

  it('tell any byte that changed, and any two elements that changed places', () => {
    const layout = layoutOf(order, 'f4')
    const all = bytesOf(layout, 2)
    const whole = wholeOf(layout)
    const expected = sumsOf(layout, all, whole, 2 ** 24)?.bytes
    const element = fc.nat(all.length / 4 - 1)
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.integer({ min: 1, max: 255 }), (at, xor) => {
        const spoilt = Uint8Array.from(all)
        spoilt[at] = (spoilt[at] ?? 0) ^ xor
        expect(sumsOf(layout, spoilt, whole, 2 ** 24)?.bytes).not.toEqual(expected)
      }),
      { numRuns: 20, seed: 3 },
    )
    fc.assert(
      fc.property(element, element, (a, b) => {
        const words = new Uint32Array(all.slice().buffer)
        const [first = 0, second = 0] = [words[a], words[b]]
        fc.pre(first !== second)
        words[a] = second
        words[b] = first
        expect(sumsOf(layout, new Uint8Array(words.buffer), whole, 2 ** 24)?.bytes).not.toEqual(expected)
      }),
      { numRuns: 20, seed: 4 },
    )
  })
})
