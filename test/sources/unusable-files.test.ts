import { mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openRun } from '../../src/sources/run/open-run.js'
import type { Run } from '../../src/sources/run/run.js'
import { declare, type ModuleSpec, put, scratch, sourceOf, writeModule } from '../helpers/exdf.js'

/** Problems beside the modules that these small runs lack. */
const problems = (run: Run) => run.problems.filter(problem => problem.check !== 'modules_present')

const plain: ModuleSpec = { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] }

describe('files that cannot be used are named and left out', () => {
  const cases: [string, ModuleSpec, string, string?][] = [
    ['index beyond its data', { ...plain, frames: 1 }, 'refers to row 2 of 1', 'still being copied'],
    ['ids shorter than the index', { ...plain, pulseIds: [0] }, 'row 2 of 1', 'still being copied'],
    ['train ids beyond 2^53', { ...plain, trainIds: [2n ** 53n + 1n], counts: [2] }, '9007199254740993'],
    ['no image data', { ...plain, without: [`INSTRUMENT/${sourceOf({})}/image/data`] }, 'missing'],
    ['no cell ids', { ...plain, without: [`INSTRUMENT/${sourceOf({})}/image/cellId`] }, 'missing'],
    ['no index', { ...plain, without: [`INDEX/${sourceOf({})}/image/count`] }, 'missing'],
    ['no train ids', { ...plain, without: ['INDEX/trainId'] }, 'missing'],
    ['no sources', { ...plain, without: ['METADATA/dataSources/dataSourceId'] }, 'not a data file'],
    ['corrected dtype', { ...plain, dtype: '<f', frame: [512, 128] }, 'corrected already'],
    ['interleaved', { ...plain, frame: [1, 512, 128] }, 'interleaved', 'two planes'],
    ['interleaved without an axis', { ...plain, frame: [512, 128] }, 'interleaved'],
    ['wrong dtype', { ...plain, dtype: '<I' }, 'expected u2 (frames, 2, 512, 128)'],
    ['wrong shape', { ...plain, frame: [2, 256, 128] }, 'is u2 (6, 2, 256, 128), expected'],
    ['format of the future', { ...plain, version: '2.0' }, '"2.0"'],
  ]

  test.each(cases)('%s', async (_, damaged, message, hint = '') => {
    const folder = scratch()
    const path = await writeModule(folder, damaged)
    await expect(openRun(folder)).rejects.toMatchObject({ tag: 'data' })
    await writeModule(folder, { ...plain, module: 1 })
    const run = await openRun(folder)
    expect([...run.modules.keys()]).toEqual([1])
    expect(run.damaged).toMatchObject([{ path, module: 0, sequence: 0 }])
    const [problem, ...more] = problems(run)
    expect(more).toEqual([])
    expect(problem).toMatchObject({ check: 'files_readable', severity: 'error', place: { file: path } })
    expect(problem?.message).toContain(message)
    expect(problem?.message).toContain(hint)
  })

  test('corrected data under the raw name, by their gain plane', async () => {
    const root = `INSTRUMENT/${sourceOf({})}/image`
    const folder = scratch()
    await writeModule(folder, { ...plain, also: file => declare(file, `${root}/gain`, '<B', [6, 512, 128]) })
    await expect(openRun(folder)).rejects.toMatchObject({
      message: expect.stringContaining('corrected already'),
    })
  })

  test('truncated files and files of something else', async () => {
    const folder = scratch()
    const cut = await writeModule(folder, {
      ...plain,
      also: file => put(file, 'padding', new Float64Array(5000)),
    })
    truncateSync(cut, readFileSync(cut).length - 5000)
    writeFileSync(join(folder, 'RAW-R0001-AGIPD02-S00000.h5'), 'plain text')
    writeFileSync(join(folder, 'RAW-R0001-DA01-S00000.h5'), '')
    await writeModule(folder, { ...plain, module: 1 })
    const run = await openRun(folder)
    expect([...run.modules.keys()]).toEqual([1])
    expect(run.damaged.map(file => file.module)).toEqual([0, 2])
    expect(problems(run).map(({ severity, place }) => [severity, place.file?.slice(-24)])).toEqual([
      ['error', '-R0001-AGIPD00-S00000.h5'],
      ['error', '-R0001-AGIPD02-S00000.h5'],
      ['warning', 'RAW-R0001-DA01-S00000.h5'],
    ])
  })
})

describe('no run to open', () => {
  test('missing, empty, a file, a proposal folder', async () => {
    const folder = scratch()
    await expect(openRun(join(folder, 'r0001'))).rejects.toMatchObject({
      tag: 'data',
      message: 'there is no such folder',
    })
    await expect(openRun(folder)).rejects.toMatchObject({ message: expect.stringContaining('no .h5 files') })
    mkdirSync(join(folder, 'r0007'))
    await expect(openRun(folder)).rejects.toMatchObject({ hint: expect.stringContaining('r0007') })
    writeFileSync(join(folder, 'x.h5'), 'text')
    await expect(openRun(join(folder, 'x.h5'))).rejects.toMatchObject({
      message: 'is a file, not a run folder',
    })
    await expect(openRun(folder)).rejects.toMatchObject({
      message: expect.stringContaining('is not an HDF5 file'),
      place: { file: join(folder, 'x.h5') },
    })
    writeFileSync(join(folder, 'y.h5'), 'text')
    await expect(openRun(folder)).rejects.toMatchObject({
      message: expect.stringContaining('none of the 2 data files'),
    })
  })

  test('no such detector: what is there is listed', async () => {
    const folder = scratch()
    await writeModule(folder, { ...plain, karaboId: 'HED_DET_JF4M-1' })
    await expect(openRun(folder)).rejects.toMatchObject({
      tag: 'data',
      message: 'holds no data of AGIPD-1M, LPD-1M, DSSC-1M',
      hint: 'It holds HED_DET_JF4M-1/DET/0CH0:xtdf',
    })
  })

  test('several detectors: the choice is offered and works', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    await writeModule(folder, {
      ...plain,
      karaboId: 'MID_DET_AGIPD1M-1',
      name: 'RAW-R0001-MIDAGIPD00-S00000.h5',
    })
    await expect(openRun(folder)).rejects.toMatchObject({
      tag: 'usage',
      hint: expect.stringContaining('MID_DET_AGIPD1M-1'),
    })
    await expect(openRun(folder, { detector: 'agipd1m' })).rejects.toMatchObject({ tag: 'usage' })
    expect((await openRun(folder, { detector: 'MID_DET_AGIPD1M-1' })).karaboId).toBe('MID_DET_AGIPD1M-1')
  })

  test('a corrected run with modern names', async () => {
    const folder = scratch()
    await writeModule(folder, {
      ...plain,
      without: ['METADATA/dataSources/dataSourceId'],
      also: file =>
        put(file, 'METADATA/dataSources/dataSourceId', [
          'INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/0CH0:output/image',
          'INSTRUMENT/SPB_DET_AGIPD1M-1/DET/0CH0:xtdf/image',
        ]),
    })
    await expect(openRun(folder)).rejects.toMatchObject({
      message: expect.stringContaining('corrected already'),
    })
  })

  test('stops when asked to', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    await expect(openRun(folder, { signal: AbortSignal.abort() })).rejects.toThrow('abort')
  })
})

test('a name that is no file: a dangling link', async () => {
  const folder = scratch()
  const path = await writeModule(folder, plain)
  renameSync(path, join(folder, 'kept.h5'))
  const { symlinkSync } = await import('node:fs')
  symlinkSync('/nowhere/x.h5', path)
  const run = await openRun(folder)
  expect(run.problems.find(problem => problem.check === 'files_readable')?.place.file).toBe(path)
  expect(run.modules.size).toBe(1)
})
