import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NewExdf } from '../../src/exdf/description.js'
import { writeExdf } from '../../src/exdf/writer.js'
import { type Dataset, type Group, withFile } from '../../src/hdf5/library.js'

const SOURCE = 'SPB_DET_AGIPD1M-1/CORR/3CH0:output'
const FORMER = 'SPB_DET_AGIPD1M-1/DET/3CH0:xtdf'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exdf-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Three trains, the second without frames; four frames of (2, 3) pixels in all. */
function example(changes: Partial<NewExdf> = {}): NewExdf {
  return {
    version: '1.2',
    metadata: {
      proposalNumber: 900001,
      runNumber: 7,
      sequenceNumber: 2,
      runType: 'Simulation',
      sample: 'café',
      daqLibrary: '1.9.0',
      karaboFramework: '2.7.0',
      creationDate: new Date('2026-01-02T03:04:05.678Z'),
      updateDate: new Date('2026-01-02T03:09:05Z'),
    },
    trains: {
      trainIds: [10_000_000_001, 10_000_000_002, 10_000_000_004],
      flags: [1, 0, 1],
      timestamps: [1_767_323_045_000_000_001n, 1_767_323_045_100_000_000n, 1_767_323_045_300_000_000n],
      origins: [-1, -1, -1],
    },
    sources: [
      {
        name: SOURCE,
        groups: {
          image: {
            counts: [3, 0, 1],
            datasets: [
              { name: 'data', dtype: 'f4', shape: [4, 2, 3], chunk: [1, 2, 3] },
              { name: 'gain', dtype: 'u1', shape: [4, 2, 3], chunk: [1, 2, 3], deflate: 1 },
              { name: 'cellId', dtype: 'u2', shape: [4], data: new Uint16Array([0, 1, 2, 0]) },
              { name: 'pulseId', dtype: 'u8', shape: [4, 1], data: new BigUint64Array([0n, 4n, 8n, 0n]) },
            ],
          },
          header: {
            counts: [1, 1, 1],
            datasets: [
              { name: 'magicNumberBegin', dtype: 'i1', shape: [3, 2], data: new Int8Array(6).fill(-3) },
            ],
          },
        },
      },
    ],
    aliases: [{ from: FORMER, to: SOURCE }],
    growable: false,
    ...changes,
  }
}

async function values(description: NewExdf, paths: string[]): Promise<unknown[]> {
  const path = join(folder, 'file.part')
  writeExdf(path, description)
  return withFile(path, 'r', file =>
    paths.map(path => {
      const found = file.get(path)
      return found === null ? null : (found as Dataset).value
    }),
  )
}

describe('METADATA', () => {
  test('of 1.2 lists a source for each index group, under its former name too', async () => {
    const list = 'METADATA/dataSources'
    const [ids, roots, devices, version, created, run, sample] = await values(example(), [
      `${list}/dataSourceId`,
      `${list}/root`,
      `${list}/deviceId`,
      'METADATA/dataFormatVersion',
      'METADATA/creationDate',
      'METADATA/runNumber',
      'METADATA/sample',
    ])
    expect(ids).toEqual([
      `INSTRUMENT/${SOURCE}/image`,
      `INSTRUMENT/${SOURCE}/header`,
      `INSTRUMENT/${FORMER}/image`,
      `INSTRUMENT/${FORMER}/header`,
    ])
    expect(roots).toEqual(['INSTRUMENT', 'INSTRUMENT', 'INSTRUMENT', 'INSTRUMENT'])
    expect((devices as string[])[3]).toBe(`${FORMER}/header`)
    expect(version).toEqual(['1.2'])
    expect(created).toEqual(['20260102T030405Z'])
    expect(run).toEqual(new Uint32Array([7]))
    expect(sample).toEqual(['café'])
  })

  test('of 0.5 is the list alone, and INDEX has ids alone', async () => {
    const found = await values(example({ version: '0.5' }), [
      'METADATA/dataSourceId',
      'METADATA/dataFormatVersion',
      'METADATA/dataSources',
      'INDEX/flag',
      'INDEX/timestamp',
      'INDEX/origin',
    ])
    expect(found[0]).toHaveLength(4)
    expect(found.slice(1)).toEqual([null, null, null, null, null])
  })
})

describe('INDEX', () => {
  test('first is the running sum, also where count is 0', async () => {
    const [ids, first, count, flag, timestamp, origin] = await values(example(), [
      'INDEX/trainId',
      `INDEX/${SOURCE}/image/first`,
      `INDEX/${FORMER}/image/count`,
      'INDEX/flag',
      'INDEX/timestamp',
      'INDEX/origin',
    ])
    expect(ids).toEqual(new BigUint64Array([10_000_000_001n, 10_000_000_002n, 10_000_000_004n]))
    expect(first).toEqual(new BigUint64Array([0n, 3n, 3n]))
    expect(count).toEqual(new BigUint64Array([3n, 0n, 1n]))
    expect(flag).toEqual(new Int32Array([1, 0, 1]))
    expect((timestamp as BigUint64Array)[0]).toBe(1_767_323_045_000_000_001n)
    expect(origin).toEqual(new Int32Array([-1, -1, -1]))
  })

  test('1.0 has flags but no origin', async () => {
    const found = await values(example({ version: '1.0' }), ['INDEX/flag', 'INDEX/origin'])
    expect(found).toEqual([new Int32Array([1, 0, 1]), null])
  })
})

describe('datasets', () => {
  test('fixed files: maxshape is the shape; bulk is declared, without a chunk', async () => {
    const path = join(folder, 'file.part')
    writeExdf(path, example())
    await withFile(path, 'r', file => {
      const data = (file.get(`INSTRUMENT/${SOURCE}/image/data`) as Dataset).metadata
      expect(data).toMatchObject({ shape: [4, 2, 3], maxshape: [4, 2, 3], chunks: [1, 2, 3], size: 4 })
      const gain = file.get(`INSTRUMENT/${SOURCE}/image/gain`) as Dataset
      expect(gain.filters).toMatchObject([{ id: 1, cd_values: [1] }])
      const magic = file.get(`INSTRUMENT/${FORMER}/header/magicNumberBegin`) as Dataset
      expect(magic.value).toEqual(new Int8Array(6).fill(-3))
      expect((file.get('RUN') as Group).keys()).toEqual([])
    })
  })

  test('growable files: no limit on rows, one chunk where none is asked', async () => {
    const path = join(folder, 'file.part')
    writeExdf(path, example({ growable: true }))
    await withFile(path, 'r', file => {
      const data = (file.get(`INSTRUMENT/${SOURCE}/image/data`) as Dataset).metadata
      expect(data.shape).toEqual([4, 2, 3])
      expect(data.maxshape?.[0]).toBeGreaterThan(2 ** 53)
      const cells = (file.get(`INSTRUMENT/${SOURCE}/image/cellId`) as Dataset).metadata
      expect(cells).toMatchObject({ shape: [4], chunks: [4] })
    })
  })

  test('no trains at all', async () => {
    const empty = example({
      trains: { trainIds: [], flags: [], timestamps: [], origins: [] },
      sources: [
        {
          name: SOURCE,
          groups: {
            image: {
              counts: [],
              datasets: [{ name: 'data', dtype: 'f4', shape: [0, 2, 3], chunk: [1, 2, 3] }],
            },
          },
        },
      ],
    })
    const [ids, first] = await values(empty, ['INDEX/trainId', `INDEX/${SOURCE}/image/first`])
    expect([ids, first]).toEqual([new BigUint64Array(0), new BigUint64Array(0)])
  })

  test('control sources: a value a train and the value at the start of the run', async () => {
    const controls = [{ name: 'A/MDL/B', properties: { 'bunch.n': { dtype: 'i4', value: 5 } } }] as const
    const found = await values(example({ controls }), [
      'CONTROL/A/MDL/B/bunch/n/value',
      'RUN/A/MDL/B/bunch/n/value',
      'INDEX/A/MDL/B/first',
      'METADATA/dataSources/dataSourceId',
    ])
    expect(found.slice(0, 2)).toEqual([new Int32Array([5, 5, 5]), new Int32Array([5])])
    expect(found[2]).toEqual(new BigUint64Array([0n, 1n, 2n]))
    expect((found[3] as string[])[0]).toBe('CONTROL/A/MDL/B')
  })

  test('attributes on file, group and dataset', async () => {
    const path = join(folder, 'file.part')
    const at = `INSTRUMENT/${SOURCE}/image/data`
    writeExdf(
      path,
      example({
        attributes: { '/': { engine: 'détcal', n: 3n }, [at]: { axes: ['frame', 'ss', 'fs'], k: 0.5 } },
      }),
    )
    await withFile(path, 'r', file => {
      expect(file.get_attribute('engine', false)).toBe('détcal')
      expect(file.get_attribute('n', false)).toBe(3n)
      const data = file.get(at) as Dataset
      expect(data.get_attribute('axes', false)).toEqual(['frame', 'ss', 'fs'])
      expect(data.get_attribute('k', false)).toBe(0.5)
    })
  })
})

describe('refuses', () => {
  const path = () => join(folder, 'file.part')

  test('rows that are not the index', () => {
    const [source] = example().sources
    const groups = { image: { ...source!.groups['image']!, counts: [3, 1, 1] } }
    expect(() => writeExdf(path(), example({ sources: [{ name: SOURCE, groups }] }))).toThrow(
      'has 4 rows, its index 5',
    )
  })

  test('train ids that do not increase', () => {
    const trains = { ...example().trains, trainIds: [2, 1, 3] }
    expect(() => writeExdf(path(), example({ trains }))).toThrow('strictly increasing')
  })

  test('a folder that is not there, with a line that names the file', () => {
    const file = join(folder, 'no', 'f.part')
    expect(() => writeExdf(file, example())).toThrow(
      expect.objectContaining({ tag: 'output', place: { file } }),
    )
  })
})
