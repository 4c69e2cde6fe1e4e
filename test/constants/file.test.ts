import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeConstants } from '../../constants/files/layout.js'
import { storedAs, writeConstants } from '../../constants/files/write.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { EXPECTED, type GoldenFile, unpackGoldenConstants } from '../golden/constants/index.js'
import { temporaryFolder } from './folder.js'

const folder = temporaryFolder()
const DIMS = ['fast_scan', 'slow_scan', 'cell', 'gain']
let golden: Record<GoldenFile, string>
beforeAll(() => {
  golden = unpackGoldenConstants(join(folder, 'golden'))
})

describe('what is in files of h5py', () => {
  it('with and without dims, of every type', async () => {
    const [bits, , offset] = await describeConstants(golden.contiguous)
    expect(bits).toEqual({
      pdu: EXPECTED.pdu,
      calibration: 'BadPixelsDark',
      index: 0,
      dataset: `/${EXPECTED.pdu}/BadPixelsDark/0`,
      shape: [128, 512, 2, 3],
      dtype: 'u4',
      dims: undefined,
      statements: { conditions: {}, places: [] },
    })
    expect(offset).toMatchObject({ calibration: 'Offset', dtype: 'f8' })
    const chunked = await describeConstants(golden.chunked)
    expect(chunked.map(({ calibration, dtype, dims }) => [calibration, dtype, dims?.at(-1)])).toEqual([
      ['BadPixelsFF', 'f8', 'cell'],
      ['BadPixelsPC', 'u8', 'gain'],
      ['RelativeGain', 'f4', undefined],
      ['SlopesFF', 'f8', 'gain'],
      ['SlopesPC', 'f4', 'parameter'],
    ])
  })
})

it('a file that begins with the calibration names no unit', async () => {
  const path = join(folder, 'flat.h5')
  await withFile(path, 'w', file => {
    file
      .create_group('Offset')
      .create_group('0')
      .create_dataset({ name: 'data', data: new Float32Array(3) })
  })
  expect(await describeConstants(path)).toMatchObject([{ pdu: undefined, dataset: '/Offset/0', shape: [3] }])
})

it('a file without constants, no HDF5 file, and bad dims are refused', async () => {
  const path = join(folder, 'other.h5')
  await withFile(path, 'w', file => {
    file.create_dataset({ name: 'data', data: new Float32Array(3) })
  })
  await expect(describeConstants(path)).rejects.toMatchObject({ tag: 'constants', place: { file: path } })
  writeFileSync(path, 'no HDF5')
  await expect(describeConstants(path)).rejects.toMatchObject({ tag: 'data', place: { file: path } })
  await expect(describeConstants(join(folder, 'none.h5'))).rejects.toMatchObject({ tag: 'data' })

  await withFile(path, 'w', file => {
    const data = file
      .create_group('Offset')
      .create_group('0')
      .create_dataset({ name: 'data', data: new Float32Array(3) })
    data.create_attribute('dims', new Float64Array(4))
  })
  await expect(describeConstants(path)).rejects.toThrow(/dims/)
})

describe('writing', () => {
  const rows = (first: number, count: number) =>
    Float64Array.from({ length: count * 512 * 6 }, (_, i) => first * 512 * 6 + i + 0.5)

  it('gives back what it was given, whole or row by row', async () => {
    const path = join(folder, 'written.h5')
    const shape = [128, 512, 2, 3]
    const asked: number[] = []
    await writeConstants(path, [
      { pdu: 'P', calibration: 'Offset', shape, dims: DIMS, dtype: 'f8', data: rows(0, 128) },
      {
        pdu: 'P',
        calibration: 'Noise',
        index: 4,
        shape,
        dims: DIMS,
        dtype: 'f8',
        data: ([first = 0], [count = 0]) => {
          asked.push(first, count)
          return rows(first, count)
        },
      },
      {
        pdu: 'P',
        calibration: 'BadPixelsDark',
        shape: [2, 3],
        dims: ['a', 'b'],
        dtype: 'u4',
        data: Uint32Array.of(1, 2, 3, 4, 5, 2 ** 31),
      },
    ])
    expect(await describeConstants(path)).toMatchObject([
      { calibration: 'BadPixelsDark', dtype: 'u4', dims: ['a', 'b'] },
      { calibration: 'Noise', index: 4, dims: DIMS, shape },
      { calibration: 'Offset', index: 0, dims: DIMS, shape, dtype: 'f8' },
    ])
    await withFile(path, 'r', file => {
      const read = (dataset: string) =>
        Buffer.from((file.get(dataset) as { value: Float64Array }).value.buffer)
      expect(read('/P/Offset/0/data').equals(Buffer.from(rows(0, 128).buffer))).toBe(true)
      expect(read('/P/Noise/4/data').equals(Buffer.from(rows(0, 128).buffer))).toBe(true)
      expect(read('/P/BadPixelsDark/0/data').readUInt32LE(20)).toBe(2 ** 31)
    })
  })

  it('leaves in the file what is said of it without reading it', async () => {
    const path = join(folder, 'said.h5')
    const common = {
      pdu: 'P',
      shape: [2, 3],
      dims: ['a', 'b'],
      dtype: 'u4',
      data: new Uint32Array(6),
    } as const
    const statements = { conditions: { Gain: 1, Mode: 'x' }, places: [], beginAt: new Date(5), rawData: 'p1' }
    const constants = [
      { ...common, calibration: 'Noise' },
      { ...common, calibration: 'Offset', index: 3, statements },
    ]
    await writeConstants(path, constants)
    expect(constants.map(storedAs)).toEqual(await describeConstants(path))
  })

  it('rows of the first axis that are large are asked for in pieces, and chunks are no larger', async () => {
    const path = join(folder, 'large.h5')
    const shape = [2, 3, 1024, 1024]
    const [dims, slab] = [['gain', 'cell', 'slow_scan', 'fast_scan'], 1024 * 1024]
    const asked: string[] = []
    await writeConstants(path, [
      {
        pdu: 'P',
        calibration: 'Offset',
        shape,
        dims,
        dtype: 'f8',
        data: (start, count) => {
          asked.push(`${start} ${count}`)
          const [gain = 0, cell = 0] = start
          return Float64Array.from({ length: (count[1] ?? 0) * slab }, (_, i) => (gain * 3 + cell) * slab + i)
        },
      },
    ])
    expect(asked).toEqual([
      '0,0,0,0 1,2,1024,1024',
      '0,2,0,0 1,1,1024,1024',
      '1,0,0,0 1,2,1024,1024',
      '1,2,0,0 1,1,1024,1024',
    ])
    await withFile(path, 'r', file => {
      const data = file.get('P/Offset/0/data') as Dataset
      expect(data.metadata.chunks).toEqual([1, 1, 1024, 1024])
      expect((data.value as Float64Array).every((value, i) => value === i)).toBe(true)
    })
  })

  it('keeps what is stated of a constant', async () => {
    const path = join(folder, 'stated.h5')
    const constant = { pdu: 'P', shape: [2], dims: ['a'], dtype: 'f4', data: new Float32Array(2) } as const
    const statements = {
      beginAt: new Date(1738172761382),
      conditions: { 'Memory cells': 352, 'Source energy': 9.2, 'Memory cell order': '0,2,1,' },
      rawData: 'proposal:003049 runs:120 119 118',
      places: [
        { detector: 'SPB_DET_AGIPD1M-1', module: 3 },
        { detector: 'agipd1m', module: 3 },
      ],
    }
    await writeConstants(path, [
      { ...constant, calibration: 'Noise' },
      { ...constant, calibration: 'Offset', statements },
    ])
    const [noise, offset] = await describeConstants(path)
    expect(offset?.statements).toEqual(statements)
    // The unit's places are those of all its constants.
    expect(noise?.statements).toEqual({ conditions: {}, places: statements.places })
  })

  it('passes over statements that are none', async () => {
    const path = join(folder, 'odd.h5')
    await withFile(path, 'w', file => {
      const unit = file.create_group('P')
      unit.create_attribute('placements', ['../x/3', 'A/3/4', 'A/x', 'A/1234', 'A_B-1/15'])
      const group = unit.create_group('Offset').create_group('0')
      group.create_dataset({ name: 'data', data: new Float32Array(3) })
      group.create_attribute('begin_at', 'yesterday')
      group.create_attribute('raw_data_location', new Float64Array(3))
      const conditions = group.create_group('operating_condition')
      conditions.create_dataset({ name: 'unnamed', data: new Float64Array(1), shape: [] })
      const many = conditions.create_dataset({ name: 'many', data: new Float64Array(3) })
      many.create_attribute('database_name', 'Memory cells')
      conditions.create_group('group')
    })
    expect((await describeConstants(path))[0]?.statements).toEqual({
      conditions: {},
      places: [{ detector: 'A_B-1', module: 15 }],
    })
  })

  it('leaves what was there, and nothing else, if it fails', async () => {
    const path = join(folder, 'kept.h5')
    const constant = {
      pdu: 'P',
      calibration: 'Offset',
      shape: [2, 2],
      dims: ['a', 'b'],
      dtype: 'f4',
    } as const
    await writeConstants(path, [{ ...constant, data: Float32Array.of(1, 2, 3, 4) }])
    const failing = { ...constant, data: () => Float32Array.of(1) }
    await expect(writeConstants(path, [failing])).rejects.toThrow(TypeError)
    expect(await describeConstants(path)).toHaveLength(1)
    expect(readdirSync(folder).filter(name => name.includes('.part'))).toEqual([])
    const nowhere = join(folder, 'no', 'where.h5')
    await expect(writeConstants(nowhere, [{ ...constant, data: new Float32Array(4) }])).rejects.toMatchObject(
      {
        tag: 'output',
      },
    )
    expect(existsSync(join(folder, 'no'))).toBe(false)
  })
})
