import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { differenceOf } from '../../../constants/dark/difference.js'
import { planesOfCell } from '../../../constants/dark/planes.js'
import { describeConstants } from '../../../constants/files/layout.js'
import { locateConstant } from '../../../constants/files/source.js'
import { writeConstants } from '../../../constants/files/write.js'
import { AGIPD_DARK } from '../../../src/kits/agipd/dark.js'
import { AGIPD_1M } from '../../../src/kits/agipd/record.js'
import type { DType } from '../../../src/model/dtypes.js'

const folder = mkdtempSync(join(tmpdir(), 'difference-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { slowScan, fastScan } = AGIPD_1M
const PIXELS = slowScan * fastScan
const RECIPE = AGIPD_DARK
/** The new constants have a cell more. */
const [CELLS, BEFORE] = [3, 2]

/** Quarters, so that sums are exact in any order; now and then nothing. */
const valueAt = (cell: number, stage: number, pixel: number, seed: number): number => {
  const n = Math.imul(pixel + 1 + 70_000 * (cell + 10 * stage + 100 * seed), 0x9e3779b1) >>> 16
  return n % 997 === 0 ? Number.NaN : n / 4
}
const badAt = (cell: number, stage: number, pixel: number, seed: number): number =>
  valueAt(cell, stage, pixel, seed) % 7 === 0 ? 4 : 0

/** Constants in the file's order, with those before in it. */
async function previous(name: string, dims: readonly string[]) {
  const lengths: Record<string, number> = {
    ...{ fast_scan: fastScan, slow_scan: slowScan, cell: BEFORE, gain: 3 },
  }
  const shape = dims.map(dim => lengths[dim] ?? 1)
  const at = (value: typeof valueAt, seed: number) => (element: number) => {
    const index: Record<string, number> = {}
    let rest = element
    for (const [axis, dim] of [...dims.entries()].toReversed()) {
      index[dim] = rest % shape[axis]!
      rest = Math.floor(rest / shape[axis]!)
    }
    return value(index['cell']!, index['gain']!, index['slow_scan']! * fastScan + index['fast_scan']!, seed)
  }
  const all = Array.from({ length: PIXELS * BEFORE * 3 }, (_, element) => element)
  const common = { pdu: 'P', shape, dims }
  const path = join(folder, name)
  await writeConstants(path, [
    { ...common, calibration: 'Offset', dtype: 'f4', data: Float32Array.from(all, at(valueAt, 1)) },
    { ...common, calibration: 'Noise', dtype: 'f8', data: Float64Array.from(all, at(valueAt, 2)) },
    { ...common, calibration: 'BadPixelsDark', dtype: 'u4', data: Uint32Array.from(all, at(badAt, 3)) },
  ])
  const size = statSync(path).size
  const sources = (await describeConstants(path)).map(async stored => {
    const { dims, dtype } = stored as { dims: readonly string[]; dtype: DType }
    return [
      stored.calibration,
      await locateConstant(AGIPD_1M, { ...stored, dims, dtype, path, size }, 0),
    ] as const
  })
  return new Map(await Promise.all(sources))
}

function store() {
  const cellBytes = 4 * PIXELS * planesOfCell(RECIPE)
  const buffer = new ArrayBuffer(cellBytes * CELLS)
  for (let cell = 0; cell < CELLS; cell++)
    for (let stage = 0; stage < 3; stage++) {
      const at = cell * cellBytes + stage * 5 * 4 * PIXELS
      const [offset, noise] = [0, 1].map(plane => new Float32Array(buffer, at + 4 * plane * PIXELS, PIXELS))
      const bad = new Uint32Array(buffer, at + 8 * PIXELS, PIXELS)
      for (let pixel = 0; pixel < PIXELS; pixel++) {
        offset![pixel] = valueAt(cell, stage, pixel, 11)
        noise![pixel] = valueAt(cell, stage, pixel, 12)
        bad[pixel] = badAt(cell, stage, pixel, 13)
      }
    }
  return { buffer, base: 0, cellBytes, pixels: PIXELS }
}

function expectedShift(stage: number, seed: number) {
  const shifts: number[] = []
  const block = { sum: 0, count: 0 }
  for (let cell = 0; cell < BEFORE; cell++)
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const shift = valueAt(cell, stage, pixel, seed + 10) - valueAt(cell, stage, pixel, seed)
      if (Number.isNaN(shift)) continue
      shifts.push(shift)
      // The block of slow scan 4 … 7, fast scan 8 … 11.
      if (Math.floor(pixel / fastScan / 4) !== 1 || Math.floor((pixel % fastScan) / 4) !== 2) continue
      block.sum += shift
      block.count++
    }
  const n = shifts.length
  return {
    compared: n,
    mean: shifts.reduce((sum, x) => sum + x, 0) / n,
    rms: Math.sqrt(shifts.reduce((sum, x) => sum + x * x, 0) / n),
    size: shifts.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    block: Math.fround(block.sum / block.count),
  }
}

describe.each([
  ['CalCat', ['fast_scan', 'slow_scan', 'cell', 'gain']],
  ['planes', ['gain', 'cell', 'slow_scan', 'fast_scan']],
])('new constants against previous ones in the order of %s', (name, dims) => {
  it('differ by what each value does, over the cells that both have', async () => {
    const found = await differenceOf(AGIPD_1M, RECIPE, store(), CELLS, await previous(name, dims))
    expect(found).toHaveLength(3)
    found.forEach(({ offset, noise, bad }, stage) => {
      for (const [shift, seed] of [
        [offset, 1],
        [noise, 2],
      ] as const) {
        const { compared, mean, rms, size, block } = expectedShift(stage, seed)
        expect(shift).toMatchObject({ compared, mean, rms })
        expect(Math.abs(shift!.largest)).toBe(size)
        expect(shift!.map.values[1 * (fastScan / 4) + 2]).toBe(block)
      }
      let [more, fewer] = [0, 0]
      for (let cell = 0; cell < BEFORE; cell++)
        for (let pixel = 0; pixel < PIXELS; pixel++) {
          const [was, is] = [badAt(cell, stage, pixel, 3), badAt(cell, stage, pixel, 13)]
          if (is && !was) more++
          if (was && !is) fewer++
        }
      expect(bad).toEqual({ compared: BEFORE * PIXELS, more, fewer })
    })
  })
})
