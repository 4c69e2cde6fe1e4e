import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeConstants } from '../../constants/file.js'
import { writeConstants } from '../../constants/write.js'
import { withFile } from '../../src/hdf5/library.js'
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
        data: (first, count) => {
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
