import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFrames } from '../../src/engine/worker/block-reader.js'
import { NewFile } from '../../src/hdf5/create/new-file.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { framesNotWritten } from '../../src/sources/run/frames-written.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { detcal } from '../helpers/command.js'
import { correct, type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { type PutDataset, restore, withoutRows } from '../helpers/restore.js'

// Frames that INDEX counts, but nobody wrote: the same as frames that hold the fill value, but for bit 12 and a problem.
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const NAME = 'RAW-R0001-AGIPD04-S00000.h5'
const MISSING = [1, 2]
const BIT_12 = 1 << 12

/** A run of one file, whose image/data is made by `put`. */
async function runWith(name: string, put: PutDataset): Promise<string> {
  const run = join(place.folder, name)
  mkdirSync(run)
  await restore(join(place.golden.path, NAME), join(run, NAME), 'deflate', put)
  return run
}

/** Image data that hold `value` in the rows that others lack. */
const written =
  (value: number): PutDataset =>
  (dataset, target, path) => {
    if (!path.endsWith('image/data')) return false
    const images = Uint16Array.from(dataset.value as Uint16Array)
    const length = images.length / (dataset.shape?.[0] ?? 1)
    for (const row of MISSING) images.fill(value, row * length, (row + 1) * length)
    target.create_dataset({ name: path, data: images, shape: [...(dataset.shape ?? [])] })
    return true
  }

/** Image data in another file, none of which was ever written. */
function elsewhere(name: string, fill: number): PutDataset {
  return (dataset, target, path) => {
    if (!path.endsWith('image/data')) return false
    const shape = [...(dataset.shape ?? [])]
    const file = new NewFile()
    const chunk = [1, ...shape.slice(1)]
    file.declare('images', 'u2', { shape, chunk, fill: new Uint8Array(Uint16Array.of(fill).buffer) })
    file.write(join(place.folder, `${name}.h5`))
    target.create_external_link(`../${name}.h5`, '/images', path)
    return true
  }
}

interface Image {
  readonly data: Uint32Array
  readonly gain: Uint8Array
  readonly mask: Uint32Array
}

async function corrected(run: string) {
  const out = `${run}-out`
  const outcome = await correct({ run, catalogue: place.catalogue, out })
  const image = await withFile(join(out, NAME.replace('RAW', 'CORR')), 'r', file => {
    const root = `INSTRUMENT/${place.golden.karaboId}/CORR/4CH0:output/image`
    const value = (name: string) => (file.get(`${root}/${name}`) as Dataset).value as unknown as Float32Array
    const data = value('data')
    return {
      data: new Uint32Array(data.buffer, data.byteOffset, data.length),
      gain: value('gain') as unknown as Uint8Array,
      mask: value('mask') as unknown as Uint32Array,
    }
  })
  return { outcome, image }
}

/** Expects equal bits, with bit 12 in all pixels of the rows that are missing. */
function expectMarked(found: Image, as: Image, rows: readonly number[], frames: number): void {
  const same = (a: Uint8Array | Uint32Array, b: typeof a) =>
    Buffer.compare(
      new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
      new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
    ) === 0
  expect([same(found.data, as.data), same(found.gain, as.gain)]).toEqual([true, true])
  const mask = Uint32Array.from(as.mask)
  const length = mask.length / frames
  for (const row of rows) for (let p = row * length; p < (row + 1) * length; p++) mask[p] = mask[p]! | BIT_12
  expect(same(found.mask, mask)).toBe(true)
}

describe.each([
  ['plain chunks', false],
  ['deflated chunks', true],
])('frames without %s', (name, deflated) => {
  it('are corrected as the fill value, marked and named', async () => {
    const as = await corrected(await runWith(`${name} as zeros`, written(0)))
    const run = await runWith(name, withoutRows(MISSING, deflated))
    const { outcome, image } = await corrected(run)
    const frames = (await openRun(run)).modules.get(4 as never)?.[0]?.frames ?? 0
    // CORR frames are in the order of rows in this file.
    expectMarked(image, as.image, MISSING, frames)
    const found = outcome.problems.filter(({ check }) => check === 'frames_written')
    expect(found).toMatchObject([{ severity: 'error', place: { module: 4, file: join(run, NAME) } }])
    expect(found[0]?.message).toMatch(
      /^2 frames of train \d+ were never written, though INDEX counts them: corrected as the fill value, mask bit 12$/,
    )
    expect(as.outcome.problems.filter(({ check }) => check === 'frames_written')).toEqual([])
  })
})

it('image data in another file that hold nothing are its fill value, all of them', async () => {
  const run = await runWith('elsewhere', elsewhere('nothing', 5000))
  const frames = (await openRun(run)).modules.get(4 as never)?.[0]?.frames ?? 0
  const all = Array.from({ length: frames }, (_, row) => row)
  const as = await corrected(
    await runWith('all 5000', (dataset, target, path) => {
      if (!path.endsWith('image/data')) return false
      const images = new Uint16Array((dataset.value as Uint16Array).length).fill(5000)
      target.create_dataset({ name: path, data: images, shape: [...(dataset.shape ?? [])] })
      return true
    }),
  )
  const { outcome, image } = await corrected(run)
  expectMarked(image, as.image, all, frames)
  expect(outcome.problems.map(({ check }) => check)).toContain('frames_written')
})

it('plain reads fill frames that have no address with the fill value', () => {
  const path = join(place.golden.path, NAME)
  const fd = openSync(path, 'r')
  const { size, mtimeMs } = fstatSync(fd)
  const raw = new Uint8Array(12).fill(0xaa)
  const fillValue = Uint8Array.of(0x88, 0x13)
  readFrames(
    { path, dataset: 'd', fd, size, mtimeMs, fillValue },
    Float64Array.of(-1, -1),
    raw.subarray(0, 8),
    4,
  )
  closeSync(fd)
  expect([...raw]).toEqual([0x88, 0x13, 0x88, 0x13, 0x88, 0x13, 0x88, 0x13, 0xaa, 0xaa, 0xaa, 0xaa])
})

it('a frame of parallel gain is not written if one of its raw frames is not', () => {
  const notWritten = Uint8Array.of(0, 0, 0, 1, 0, 1, 0, 0)
  const trains = [
    { trainId: 7 as never, rows: [0, 1], stride: 2 },
    { trainId: 8 as never, rows: [6], stride: 0 },
  ]
  expect(framesNotWritten(trains, 3, notWritten)).toEqual({ frames: 1, trains: [7] })
  expect(framesNotWritten(trains, 1, notWritten)).toBeUndefined()
})

it('the commands name them, and end with 1', async () => {
  const run = await runWith('commands', withoutRows(MISSING))
  const named = /2 frames of train \d+ were never written/
  const correction = detcal('correct', run, '--out', `${run}-cli`, '--catalogue', place.catalogue)
  expect(correction.stderr).toMatch(named)
  const again = detcal('correct', run, '--out', `${run}-json`, '--catalogue', place.catalogue, '--json')
  expect(JSON.stringify(JSON.parse(again.stdout))).toMatch(named)
  const validation = detcal('validate', run)
  expect(validation.stdout).toMatch(/frames_written: .*2 frames of train \d+ were never written/)
  const inspection = detcal('inspect', run)
  expect(inspection.stderr).toMatch(named)
  expect([correction, again, validation, inspection].map(({ status }) => status)).toEqual([1, 1, 1, 1])
})
