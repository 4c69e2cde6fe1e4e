import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { File } from '../../src/hdf5/library.js'
import { CHECKS, checksWithout } from '../../src/validation/checks/index.js'
import { validate } from '../../src/validation/validate.js'
import { type ModuleSpec, put, scratch, sourceOf, writeControl, writeModule } from '../helpers/exdf.js'
import { found } from './validation.js'

const plain: ModuleSpec = { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] }
const ROOT = `INSTRUMENT/${sourceOf({})}`

/** One dataset of u64 in place of its own. */
const spoilt = (path: string, ...data: bigint[]): Pick<ModuleSpec, 'without' | 'also'> => ({
  without: [path],
  also: (file: File) => put(file, path, BigUint64Array.from(data)),
})

async function problemsOf(spec: ModuleSpec): Promise<string[]> {
  const folder = scratch()
  await writeModule(folder, spec)
  return found(folder)
}

describe('a good run', () => {
  test.each(['0.5', '1.0', '1.1', '1.2'])('of format %s has no problems', async version => {
    expect(await problemsOf({ ...plain, version })).toEqual([])
  })

  test('lacks modules, which is said once', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    const { problems, files } = await validate(folder, CHECKS)
    expect(problems).toMatchObject([{ check: 'modules_present', severity: 'warning' }])
    expect(files).toHaveLength(1)
    expect((await validate(files[0] ?? '', CHECKS)).problems).toEqual([])
  })
})

describe('each check finds what it is for', () => {
  const cases: [string, ModuleSpec, string[]][] = [
    [
      'a zero in the middle',
      { trainIds: [1000, 0, 1002], counts: [2, 0, 1] },
      [
        'train_ids_nonzero error: zero at row 1, before the last train id at row 2',
        ...['detector', 'header', 'image', 'trailer'].map(
          () =>
            'index_instrument error: index has wrong number of entries for readers that leave out train ids of 0: 3, and 2 ids',
        ),
      ],
    ],
    [
      'unordered trains',
      { trainIds: [1002, 1000, 1001], counts: [1, 2, 3] },
      ['train_ids_order error: train ids are not strictly increasing, e.g. at 0 (1002 >= 1000)'],
    ],
    [
      'a gap',
      { ...plain, first: [0, 4, 7], frames: 8 },
      ['index_instrument error: gaps (1) in index, e.g. at 0 (0 + 2 < 4)'],
    ],
    [
      'an overlap',
      {
        ...plain,
        first: [0, 1, 4],
        frames: 6,
        pulseIds: [0, 1, 2, 3, 0, 0],
      },
      [
        'index_instrument error: overlaps (1) in index, e.g. at 0 (0 + 2 > 1)',
        'image_ids error: frames carry another train id',
      ],
    ],
    [
      'an index that does not start at 0',
      { trainIds: [1000], counts: [1], first: [1], frames: 2 },
      ["index_instrument error: index doesn't start at 0"],
    ],
    [
      'suspect trains',
      { ...plain, flags: [1, 0, 1] },
      ['train_flags warning: 1 train is flagged as suspect: 1001'],
    ],
    [
      'an index beyond 2^53, to the last digit and once',
      { ...plain, ...spoilt(`INDEX/${sourceOf({})}/image/count`, 2n, 2n ** 53n + 1n, 1n) },
      ['index_instrument error: numbers that are not valid rows: row 1 has first 2, count 9007199254740993'],
    ],
    [
      'a count of pulses that cannot be',
      { ...plain, ...spoilt(`${ROOT}/header/pulseCount`, 2n, 2n ** 64n - 1n, 1n) },
      ['image_ids error: numbers that mean nothing: 18446744073709551615 (train 1001): copied as they are'],
    ],
    ['no flags', { ...plain, without: ['INDEX/flag'] }, ['train_flags error: INDEX/flag is missing']],
    [
      'a wrong shape',
      { ...plain, frame: [2, 256, 128] },
      [
        'image_data error: is u2 (6, 2, 256, 128), expected u2 (frames, 2, 512, 128)',
        'image_data warning: has chunks of (1, 2, 256, 128), not of one frame: readers must take them apart',
      ],
    ],
    [
      'no image data',
      { ...plain, without: [`${ROOT}/image/data`] },
      ['image_data error: this dataset is missing'],
    ],
    [
      'unordered pulses',
      { ...plain, pulseIds: [0, 1, 0, 2, 1, 0] },
      ['image_ids error: pulse ids are not strictly increasing'],
    ],
    [
      'the pulse that means none',
      { ...plain, pulseIds: [0, 1, 0, 2, 9999, 0] },
      ['image_ids error: pulse ids of 9999 or more'],
    ],
    [
      'impossible cells',
      { ...plain, cellIds: [0, 1, 0, 1, 400, 0] },
      ['image_ids error: cells beyond the 352 of the detector'],
    ],
  ]
  test.each(cases)('%s', async (_, spec, expected) => {
    const folder = scratch()
    await writeModule(folder, spec)
    expect(await found(folder)).toEqual(expected)
  })

  test('an index beyond its data, in every dataset', async () => {
    const folder = scratch()
    await writeModule(folder, { ...plain, frames: 5 })
    const beyond = await found(folder, 'index_instrument')
    expect(beyond).toHaveLength(5)
    expect(new Set(beyond)).toEqual(
      new Set(['index_instrument error: index referring to data (6) outside dataset (5)']),
    )
  })

  test('control data: short, and with timestamps that go back', async () => {
    const folder = scratch()
    const device = 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP'
    await writeControl(folder, { [device]: { gain: [1, 1], setupr: [1] } })
    expect(await found(folder)).toEqual([
      'index_control error: index referring to data (2) outside dataset (1)',
    ])
    const { problems } = await validate(folder, CHECKS)
    expect(problems[0]?.place.dataset).toMatch(`CONTROL/${device}/setupr/`)

    const other = scratch()
    await writeControl(other, { [device]: { gain: [1, 1, 1, 1] } }, [1000, 1001, 1002, 1003])
    const rewrite = async (times: bigint[]) => {
      const { openLibrary } = await import('../../src/hdf5/library.js')
      const file = (await openLibrary()).open(join(other, 'RAW-R0001-DA01-S00000.h5'), 'a') as File
      const dataset = file.get(`/CONTROL/${device}/gain/timestamp`) as unknown as {
        write_slice(r: number[][], d: unknown): void
      }
      dataset.write_slice([[0, 4]], BigUint64Array.from(times))
      file.close()
      return found(other)
    }
    expect(await rewrite([5n, 5n, 6n, 0n])).toEqual([])
    expect(await rewrite([5n, 4n, 6n, 7n])).toEqual([
      'control_timestamps_order error: timestamps go back, e.g. at row 1',
    ])
    expect(await rewrite([5n, 0n, 6n, 7n])).toEqual([
      'control_timestamps_order error: zero at row 1, before the last timestamp',
    ])
  })

  test('unreadable files, while the others are checked', async () => {
    const folder = scratch()
    const path = await writeModule(folder, plain)
    const cut = await writeModule(folder, { ...plain, module: 1 })
    truncateSync(cut, 3000)
    writeFileSync(join(folder, 'x.h5'), '')
    const { problems, files } = await validate(folder, checksWithout(['modules_present']))
    expect(files.map(file => basename(file))).toEqual([basename(path), basename(cut), 'x.h5'])
    expect(problems.map(({ check, place }) => [check, basename(place.file ?? '')])).toEqual([
      ['files_readable', basename(cut)],
      ['files_readable', 'x.h5'],
    ])
  })

  test('files together: repeated trains, other pulses, other train lists', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    for (const module of [1, 2])
      await writeModule(folder, {
        ...plain,
        module,
        trainIds: [1000, 1001],
        counts: [2, 3],
        ...(module === 2 && { pulseIds: [0, 1, 0, 1, 5] }),
      })
    await writeModule(folder, { trainIds: [1002, 1003], counts: [1, 1], sequence: 1 })
    const all = await found(folder)
    expect(all).toEqual([
      expect.stringMatching(/^train_ids_unique error: trains 1002 are in .*S00000.h5 too/),
      'train_lists_equal warning: does not list trains 1002, 1003',
      'train_lists_equal warning: does not list trains 1002, 1003',
      'pulse_ids_equal error: other pulses than most modules in trains 1001',
    ])
  })

  test("EXtra-data's map of the run, if it is of this very file and wrong", async () => {
    const folder = scratch()
    const path = await writeModule(folder, plain)
    const { size, mtimeMs } = statSync(path)
    const entry = {
      filename: basename(path),
      size,
      mtime: mtimeMs / 1000,
      train_ids: [1000, 1001, 1002],
      control_sources: [],
      instrument_sources: [sourceOf({})],
    }
    const cache = join(folder, 'karabo_data_map.json')
    const withEntry = async (change: object) => {
      writeFileSync(cache, JSON.stringify([{ ...entry, ...change }]))
      return found(folder)
    }
    expect(await withEntry({})).toEqual([])
    expect(await withEntry({ train_ids: [1000] })).toEqual([
      `run_json_cache error: incorrect entry of ${basename(path)}`,
    ])
    for (const wrong of [{ train_ids: '1000' }, { control_sources: null }, { instrument_sources: [5] }])
      expect(await withEntry(wrong)).toEqual([`run_json_cache error: incorrect entry of ${basename(path)}`])
    for (const other of [{ size: 1 }, { size: 'x' }, { filename: 5 }, { mtime: null }])
      expect(await withEntry({ train_ids: [1000], ...other })).toEqual([])
    writeFileSync(cache, '{')
    expect(await found(folder)).toEqual(['run_json_cache error: is not JSON'])
  })

  test('a file that grows while it is checked', async () => {
    const folder = scratch()
    const path = await writeModule(folder, plain)
    await writeModule(folder, {
      ...plain,
      module: 1,
      without: [`INSTRUMENT/${sourceOf({ module: 1 })}/image/trainId`],
    })
    const onFile = (done: number) => {
      if (done === 1) writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(10)]))
    }
    const { problems } = await validate(folder, CHECKS, { onFile })
    expect(problems.map(({ check }) => check)).toContain('files_unchanged')
  })
})

describe('parallel gain that ids show', () => {
  const lpd: ModuleSpec = {
    karaboId: 'FXE_DET_LPD1M-1',
    frame: [1, 256, 256],
    trainIds: [1000, 1001],
    counts: [6, 3],
    pulseIds: [0, 4, 0, 0, 0, 0, 0, 4, 8],
    cellIds: [0, 1, 0, 0, 0, 0, 0, 1, 2],
  }
  const composite = 'FXE_DET_LPD1M-1/COMP/FEM_MDL_COMP'

  test('is an error where control data do not tell of it, or deny it', async () => {
    const folder = scratch()
    await writeModule(folder, lpd)
    expect(await found(folder)).toEqual([
      expect.stringMatching(
        /^parallel_gain error: .* of train 1000, .*nothing here indicates.*--parallel-gain/,
      ),
    ])
    await writeControl(folder, { [composite]: { femAsicGainOverride: 0 } })
    expect(await found(folder, 'parallel_gain')).toEqual([expect.stringMatching(/control data deny/)])
  })

  test('is none where they do, and a warning of a file alone', async () => {
    const folder = scratch()
    const path = await writeModule(folder, { ...lpd, trainIds: [1000], counts: [6] })
    expect(await found(path)).toEqual([expect.stringMatching(/^parallel_gain warning/)])
    await writeControl(folder, { [composite]: { femAsicGainOverride: 1 } })
    expect(await found(folder, 'parallel_gain')).toEqual([])
  })
})

test('a cell that is there twice within a train is an error', async () => {
  expect(await problemsOf({ ...plain, cellIds: [0, 1, 0, 1, 0, 0] })).toEqual([
    expect.stringMatching(/^image_ids error: a train has a cell twice/),
  ])
})

test('checks are left out by name, and unknown names refused', async () => {
  expect(CHECKS.map(({ name }) => name)).toEqual([...new Set(CHECKS.map(({ name }) => name))])
  expect(checksWithout(['image_ids'])).toHaveLength(CHECKS.length - 1)
  expect(() => checksWithout(['nothing'])).toThrow(expect.objectContaining({ tag: 'usage' }))
  const folder = scratch()
  await writeModule(folder, { ...plain, flags: [1, 0, 1] })
  const { problems } = await validate(folder, checksWithout(['train_flags', 'modules_present']))
  expect(problems).toEqual([])
})
