import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ModuleIndex } from '../../src/model/ids.js'
import { openRun } from '../../src/sources/run/open-run.js'
import type { Run } from '../../src/sources/run/run.js'
import { type ModuleSpec, put, scratch, sourceOf, writeModule } from '../helpers/exdf.js'

const ids = (run: Run, module = 0) =>
  (run.modules.get(module as ModuleIndex) ?? []).flatMap(file => file.trains.map(train => train.trainId))
const images = (run: Run, module = 0) =>
  (run.modules.get(module as ModuleIndex) ?? []).flatMap(file =>
    file.trains.map(({ image }) => [image.first, image.count]),
  )
/** Problems beside the modules that these small runs lack. */
const problems = (run: Run) => run.problems.filter(problem => problem.check !== 'modules_present')

async function runOf(...specs: ModuleSpec[]): Promise<Run> {
  const folder = scratch()
  for (const spec of specs) await writeModule(folder, spec)
  return openRun(folder)
}

const plain: ModuleSpec = { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] }

describe('a good run', () => {
  test.each(['0.5', '1.0', '1.1', '1.2', '1.3'])('format %s', async version => {
    const run = await runOf({ ...plain, version }, { ...plain, version, module: 4 })
    expect(run).toMatchObject({ karaboId: 'SPB_DET_AGIPD1M-1', run: 1, trainIds: [1000, 1001, 1002] })
    expect([...run.modules.keys()]).toEqual([0, 4])
    expect(images(run)).toEqual([
      [0, 2],
      [2, 3],
      [5, 1],
    ])
    const [file] = run.modules.get(4 as ModuleIndex) ?? []
    expect(file).toMatchObject({
      frames: 6,
      sequence: 0,
      source: sourceOf({ module: 4 }),
      formatVersion: version,
    })
    expect([...(file?.pulseIds ?? [])]).toEqual([0, 1, 0, 1, 2, 0])
    expect([...(file?.cellIds ?? [])]).toEqual([0, 1, 0, 1, 2, 0])
    expect(file?.copied).toEqual([
      'detector/trainId',
      'header/pulseCount',
      'header/trainId',
      'image/status',
      'trailer/trainId',
    ])
    expect(file?.trains.map(train => train.flag)).toEqual([1, 1, 1])
    expect(file?.trains[1]?.groups).toEqual({
      detector: { first: 1, count: 1 },
      header: { first: 1, count: 1 },
      trailer: { first: 1, count: 1 },
    })
    expect(problems(run)).toEqual([])
    expect(run.problems).toHaveLength(14)
    expect(run.time).toEqual(version === '0.5' ? undefined : new Date(1_700_000_000_000))
    expect(run.proposal).toBe(version === '0.5' ? undefined : 700000)
  })

  test('the old index of first, last and status', async () => {
    const run = await runOf({ ...plain, counts: [2, 0, 1], version: '0.5', legacyIndex: true })
    expect(images(run)).toEqual([
      [0, 2],
      [2, 0],
      [2, 1],
    ])
  })

  test('sequences of a module, in order of their trains, whatever their names', async () => {
    const run = await runOf(
      { ...plain, sequence: 1, trainIds: [1003, 1004], counts: [1, 1], name: 'RAW-R0001-AGIPD00-S00000.h5' },
      { ...plain, sequence: 0, name: 'z.h5' },
    )
    expect(run.modules.get(0 as ModuleIndex)?.map(file => file.sequence)).toEqual([0, 1])
    expect(ids(run)).toEqual([1000, 1001, 1002, 1003, 1004])
  })

  test('corrupt-looking names and an overview file do not matter', async () => {
    const folder = scratch()
    await writeModule(folder, { ...plain, module: 3, name: 'RAW-R0009-AGIPD07-S00004.h5' })
    writeFileSync(join(folder, 'Overview.h5'), 'not a data file')
    writeFileSync(join(folder, 'karabo_data_map.json'), '{}')
    const run = await openRun(folder)
    expect([...run.modules.keys()]).toEqual([3])
    expect(problems(run)).toEqual([])
  })
})

describe('trains out of the ordinary', () => {
  test('padding and zeros in the middle drop whole rows', async () => {
    const run = await runOf({
      trainIds: [1000, 0, 1001, 0, 0],
      counts: [2, 5, 3, 0, 0],
      flags: [1, 0, 0, 0, 0],
      timestamps: [5_000_000n, 6_000_000n, 7_000_000n, 0n, 0n],
    })
    expect(ids(run)).toEqual([1000, 1001])
    expect(images(run)).toEqual([
      [0, 2],
      [7, 3],
    ])
    const [file] = run.modules.get(0 as ModuleIndex) ?? []
    expect(file?.trains.map(({ flag, timestamp, index }) => [flag, timestamp, index])).toEqual([
      [1, 5_000_000n, 0],
      [0, 7_000_000n, 2],
    ])
  })

  test('index rows may be fewer than padded train ids', async () => {
    const folder = scratch()
    await writeModule(folder, {
      ...plain,
      without: ['INDEX/trainId', 'INDEX/flag', 'INDEX/timestamp'],
      also: file => {
        put(file, 'INDEX/trainId', BigUint64Array.of(1000n, 1001n, 1002n, 0n))
        put(file, 'INDEX/flag', Int32Array.of(1, 1, 1, 0))
      },
    })
    const run = await openRun(folder)
    expect(ids(run)).toEqual([1000, 1001, 1002])
    expect(problems(run)).toEqual([])
    expect(run.time).toEqual(new Date('2023-11-14T22:13:20Z'))
  })

  test('a train without an index row has no frames and is named', async () => {
    const run = await runOf({ ...plain, trainIds: [1000, 1001, 1002, 1003], timestamps: [1n, 2n, 3n, 4n] })
    expect(images(run).at(-1)).toEqual([0, 0])
    expect(problems(run)).toMatchObject([{ severity: 'error', message: expect.stringContaining('1003') }])
  })

  test('unordered trains are sorted and keep their rows', async () => {
    const run = await runOf({ trainIds: [1002, 1000, 1001], counts: [1, 2, 3], flags: [1, 0, 1] })
    expect(ids(run)).toEqual([1000, 1001, 1002])
    expect(images(run)).toEqual([
      [1, 2],
      [3, 3],
      [0, 1],
    ])
  })

  test('gaps in first and frames of nobody are honoured', async () => {
    const run = await runOf({ ...plain, first: [4, 10, 6], frames: 20 })
    expect(images(run)).toEqual([
      [4, 2],
      [10, 3],
      [6, 1],
    ])
    const [file] = run.modules.get(0 as ModuleIndex) ?? []
    expect([file?.frames, file?.pulseIds.length]).toEqual([20, 13])
    expect(problems(run)).toEqual([])
  })

  test('flagged trains are kept with their flag; 1.1 has it inverted', async () => {
    const flags = async (version: string, stored: number[]) => {
      const run = await runOf({ ...plain, version, flags: stored })
      return run.modules.get(0 as ModuleIndex)?.flatMap(file => file.trains.map(train => train.flag))
    }
    expect(await flags('1.0', [1, 0, 1])).toEqual([1, 0, 1])
    expect(await flags('1.1', [0, 2, 0])).toEqual([1, 0, 1])
    expect(await flags('1.2', [1, 1, 0])).toEqual([1, 1, 0])
  })

  test('the first of duplicates is kept, the others are named', async () => {
    const run = await runOf({ trainIds: [1000, 1001, 1000], counts: [2, 3, 1] })
    expect(images(run)).toEqual([
      [0, 2],
      [2, 3],
    ])
    expect(problems(run)).toMatchObject([
      { check: 'train_ids_unique', severity: 'error', place: { module: 0, train: 1000 } },
    ])
  })

  test('a train in two sequences belongs to the first', async () => {
    const run = await runOf(plain, { trainIds: [1002, 1003], counts: [1, 1], sequence: 1 })
    expect(run.modules.get(0 as ModuleIndex)?.map(file => file.trains.map(train => train.trainId))).toEqual([
      [1000, 1001, 1002],
      [1003],
    ])
    expect(problems(run)).toMatchObject([
      { check: 'train_ids_unique', message: 'train 1002 met before in this module: the first data are used' },
    ])
  })

  test('the same file twice is one module file', async () => {
    const run = await runOf(plain, { ...plain, name: 'copy.h5' })
    expect(run.modules.get(0 as ModuleIndex)).toHaveLength(1)
    expect(problems(run).map(problem => problem.check)).toEqual(['copied_file'])
  })

  test('a run without a single train', async () => {
    const run = await runOf({ trainIds: [], counts: [] })
    expect([run.modules.size, run.trainIds]).toEqual([0, []])
  })
})
