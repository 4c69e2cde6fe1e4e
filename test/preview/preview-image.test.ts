import { truncateSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SnappedTable, snap } from '../../src/geometry/snap.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { geometryOf } from '../../src/kits/geometry-of.js'
import { UsageError } from '../../src/model/errors.js'
import { moduleIndex } from '../../src/model/ids.js'
import type { PreviewOptions } from '../../src/preview/options.js'
import { previewImage } from '../../src/preview/preview-image.js'
import type { StoredRun } from '../../src/sources/run/run.js'
import { openStoredRun } from '../../src/sources/run/stored-run.js'
import { correct, type GoldenPlace, goldenPlace } from '../helpers/correction.js'

// The golden run: modules 0, 4 and 15 in two sequences each; module 4 has no frames in train …107, module 15 none in …106.
const MODULES = [0, 4, 15]
const PIXELS = 512 * 128
let place: GoldenPlace
let table: SnappedTable
let raw: StoredRun
let corr: StoredRun

beforeAll(async () => {
  place = await goldenPlace()
  const out = join(place.folder, 'proc')
  await correct({ run: place.golden.path, catalogue: place.catalogue, out })
  raw = await openStoredRun(place.golden.path)
  corr = await openStoredRun(out)
  table = snap(await geometryOf(AGIPD))
})
afterAll(() => place.remove())

interface Frame {
  readonly train: number
  readonly pulse: number
  readonly values: ArrayLike<number>
  readonly mask: ArrayLike<number> | undefined
}

/** All frames of a module by the HDF5 library, in order; `plane` of raw ones. */
async function framesOf(run: StoredRun, module: number, name: string, plane?: number): Promise<Frame[]> {
  const frames: Frame[] = []
  for (const { path, source } of run.modules.get(moduleIndex(module)) ?? [])
    await withFile(path, 'r', file => {
      const dataset = (of: string) => file.get(`INSTRUMENT/${source}/image/${of}`) as Dataset
      const numbers = (of: string) => [...(dataset(of).value as unknown as BigUint64Array)].map(Number)
      const [trains, pulses] = [numbers('trainId'), numbers('pulseId')]
      const of = (set: string, row: number) => {
        const inner = plane === undefined ? [] : [[plane, plane + 1] as [number, number]]
        return dataset(set).slice([[row, row + 1], ...inner]) as unknown as ArrayLike<number>
      }
      trains.forEach((train, row) => {
        if (train === 0) return
        const mask = run.corrected ? of('mask', row) : undefined
        frames.push({ train, pulse: pulses[row] ?? 0, values: of(name, row), mask })
      })
    })
  return frames
}

/** The mean as one would write it down, put together pixel by pixel. */
async function slowly(
  run: StoredRun,
  of: (frame: Frame) => boolean,
  numberOf: (frame: Frame, pixel: number) => number,
  { name = 'data', plane, modules = MODULES }: { name?: string; plane?: number; modules?: number[] } = {},
): Promise<Float32Array> {
  const planes = new Map<number, Float32Array>()
  for (const module of modules) {
    const frames = (await framesOf(run, module, name, plane)).filter(of)
    const mean = new Float32Array(PIXELS)
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const numbers = frames.map(frame => numberOf(frame, pixel)).filter(value => !Number.isNaN(value))
      // Of one number itself: of −0, 0 + −0 would be another.
      const [first = Number.NaN, ...others] = numbers
      mean[pixel] = others.reduce((sum, value) => sum + value, first) / (numbers.length || 1)
    }
    planes.set(module, mean)
  }
  return Float32Array.from(table.pixels, index =>
    index === 0
      ? Number.NaN
      : (planes.get(Math.floor((index - 1) / PIXELS))?.[(index - 1) % PIXELS] ?? Number.NaN),
  )
}

const bits = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)
function expectEqual(found: Float32Array, expected: Float32Array): void {
  expect(found.some(value => !Number.isNaN(value))).toBe(true)
  expect(Buffer.compare(bits(found), bits(expected))).toBe(0)
}

const value = ({ values }: Frame, pixel: number) => values[pixel] ?? Number.NaN
const good = (frame: Frame, pixel: number) => (frame.mask?.[pixel] === 0 ? value(frame, pixel) : Number.NaN)
const every = () => true

describe('the image of a corrected run', () => {
  it('is the mean of all frames, without bad pixels', async () => {
    const { values, frames, modules, layer, masked } = await previewImage(corr, table)
    expectEqual(values, await slowly(corr, every, good))
    expect([frames.length, layer, masked]).toEqual([21, 'data', true])
    expect(modules).toEqual(MODULES)
  })

  it('shows bad pixels if asked', async () => {
    const { values } = await previewImage(corr, table, { badPixels: 'keep' })
    expectEqual(values, await slowly(corr, every, value))
  })

  it('is one frame, bit by bit', async () => {
    const { values, frames } = await previewImage(corr, table, {
      ...{ train: 2100000102, pulse: 4, badPixels: 'keep' },
    })
    const one = ({ train, pulse }: Frame) => train === 2100000102 && pulse === 4
    expectEqual(values, await slowly(corr, one, value))
    expect(frames.map(({ trainId, pulseId }) => [trainId, pulseId])).toEqual([[2100000102, 4]])
  })

  it('is the frame at one position of every train, of the trains that have it', async () => {
    const { values, frames } = await previewImage(corr, table, { frame: 2 })
    expectEqual(values, await slowly(corr, ({ pulse }) => pulse === 8, good))
    expect(frames.map(({ trainId }) => trainId - 2100000100)).toEqual([0, 1, 2, 6, 7, 8])
  })

  it('is the mean of so many frames, spread evenly', async () => {
    const { values, frames } = await previewImage(corr, table, { mean: 4 })
    const shown = frames.map(({ trainId, pulseId }) => [trainId - 2100000100, pulseId])
    // Frames 0, 5, 10 and 15 of 21.
    expect(shown).toEqual([
      [0, 0],
      [1, 8],
      [3, 4],
      [7, 4],
    ])
    const chosen = new Set(shown.map(String))
    const of = ({ train, pulse }: Frame) => chosen.has(String([train - 2100000100, pulse]))
    expectEqual(values, await slowly(corr, of, good))
  })

  it('has gaps where modules are left out or lack frames, and names the latter', async () => {
    const modules = [0, 4].map(moduleIndex)
    const {
      values,
      problems,
      modules: drawn,
    } = await previewImage(corr, table, { modules, train: 2100000107 })
    expectEqual(values, await slowly(corr, ({ train }) => train === 2100000107, good, { modules: [0] }))
    expect(drawn).toEqual([0])
    expect(problems.filter(({ check }) => check === 'frames_present')).toEqual([
      expect.objectContaining({ message: '3 of the 3 frames shown are not there', place: { module: 4 } }),
    ])
  })

  it('of the gain is the mean stage, of the mask the share of frames', async () => {
    const gain = await previewImage(corr, table, { layer: 'gain' })
    expectEqual(gain.values, await slowly(corr, every, value, { name: 'gain' }))
    const mask = await previewImage(corr, table, { layer: 'mask' })
    const isBad = (frame: Frame, pixel: number) => (value(frame, pixel) === 0 ? 0 : 1)
    expectEqual(mask.values, await slowly(corr, every, isBad, { name: 'mask' }))
    expect([gain.masked, mask.masked]).toEqual([false, false])
  })

  it('lacks the frames of a file that cannot be read, and says so', async () => {
    const copy = join(place.folder, 'copy')
    await cp(corr.path, copy, { recursive: true })
    const run = await openStoredRun(copy)
    const broken = run.modules.get(moduleIndex(4))?.[1]?.path ?? ''
    truncateSync(broken, 1000)
    const { values, problems } = await previewImage(run, table)
    const errors = problems.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ check, place }) => [check, place.file, place.module])).toEqual([
      ['files_readable', broken, 4],
    ])
    const there = await slowly(corr, ({ train }) => train < 2100000102, good, { modules: [4] })
    const all = await slowly(corr, every, good, { modules: [0, 15] })
    expectEqual(
      values,
      all.map((number, i) => (Number.isNaN(number) ? (there[i] ?? 0) : number)),
    )
  })
})

describe('the image of a RAW run', () => {
  it.each([
    [undefined, 0],
    ['raw', 0],
    ['gain', 1],
  ] as const)('of layer %s is the mean of plane %i', async (layer, plane) => {
    const { values, masked } = await previewImage(raw, table, { layer })
    expectEqual(values, await slowly(raw, every, value, { plane }))
    expect(masked).toBe(false)
  })
})

describe('what is not there', () => {
  it.each<[string, 'raw' | 'corr', PreviewOptions, RegExp]>([
    ['corrected data of a RAW run', 'raw', { layer: 'data' }, /is a RAW run, so it has no layer data/],
    ['the mask of a RAW run', 'raw', { layer: 'mask' }, /is a RAW run, so it has no layer mask/],
    ['bad pixels of a RAW run', 'raw', { badPixels: 'nan' }, /has no mask for layer raw/],
    ['raw data of a CORR run', 'corr', { layer: 'raw' }, /is corrected, so it has no layer raw/],
    ['the mask under the mask', 'corr', { layer: 'mask', badPixels: 'nan' }, /has no mask for layer mask/],
    ['a train', 'corr', { train: 7 }, /has no frame of train 7\. It has 8 trains, 2100000100 to 2100000109/],
    ['a pulse', 'corr', { pulse: 5 }, /has no frame of pulse 5/],
    ['a position', 'corr', { frame: 3 }, /has no frame of frame 3/],
    ['a module', 'corr', { modules: [moduleIndex(7)] }, /none of the modules .* It has modules 0, 4, 15/],
    ['a mean of nothing', 'corr', { mean: 0 }, /--mean 0 is not a number of frames/],
    ['half a frame', 'corr', { mean: 1.5 }, /--mean 1.5 is not a number of frames/],
  ])('is refused: %s', async (_, which, options, message) => {
    const refused = await previewImage(which === 'raw' ? raw : corr, table, options).catch(
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(UsageError)
    expect((refused as UsageError).line).toMatch(message)
  })
})
