import { mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ModuleIndex } from '../../src/model/ids.js'
import { openRun } from '../../src/sources/run/open-run.js'
import type { Run } from '../../src/sources/run/run.js'
import {
  declare,
  type ModuleSpec,
  put,
  scratch,
  sourceOf,
  writeControl,
  writeModule,
} from '../helpers/exdf.js'

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

describe('conditions', () => {
  const COMP = 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP'
  const HV = 'SPB_IRU_AGIPD1M/PSC/HV'

  test('from control data', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    await writeControl(folder, {
      [COMP]: {
        'bunchStructure.nPulses': [352, 350],
        'bunchStructure.repetitionRate': 4.514,
        gain: 1,
        gainModeIndex: 2,
        integrationTime: 15,
      },
      [HV]: { 'channels.U0.voltage': 0, 'channels.U1.voltage': 299.97 },
    })
    const run = await openRun(folder)
    expect(run.conditions).toEqual({
      'Sensor Bias Voltage': 299,
      'Memory cells': 352,
      'Acquisition rate': 4.5,
      'Gain setting': 1,
      'Gain mode': 2,
      'Integration time': 15,
    })
    expect(run.gainMode).toBe(2)
  })

  test('of older and newer devices; a value that changes is named', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    await writeControl(
      folder,
      {
        [COMP]: { setupr: 40, patternTypeIndex: 4, 'bunchStructure.nPulses': 0, gainModeIndex: [0, 1, 0] },
        'SPB_IRU_AGIPD1M1/FPGA/M_2': { 'highVoltage.target': [5000, 200, 200] },
      },
      [1000, 1001, 1002],
    )
    const run = await openRun(folder)
    expect(run.conditions).toEqual({
      'Sensor Bias Voltage': 200,
      'Memory cells': 4,
      'Acquisition rate': 4.5,
      'Gain setting': 1,
      'Gain mode': 0,
    })
    expect(problems(run)).toMatchObject([{ check: 'conditions_steady', severity: 'warning' }])
  })

  test('from the frames alone, and not from another detector', async () => {
    const folder = scratch()
    await writeModule(folder, { ...plain, pulseIds: [0, 4, 0, 4, 8, 0], cellIds: [0, 31, 0, 1, 2, 32] })
    await writeControl(folder, { 'MID_EXP_AGIPD1M1/MDL/FPGA_COMP': { gainModeIndex: 1 } })
    const run = await openRun(folder)
    expect(run.conditions).toEqual({ 'Memory cells': 64, 'Acquisition rate': 1.1 })
    expect(run.gainMode).toBeUndefined()
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
