import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { type DatasetOptions, NewFile } from '../../../src/hdf5/create/new-file.js'
import { findDeclared, setEndOfFile, writeChunkIndex } from '../../../src/hdf5/create/write-chunks.js'
import { locateDataset, readSlab } from '../../../src/hdf5/direct/index.js'
import { type Dataset, withFile } from '../../../src/hdf5/library.js'
import { DTYPE_BYTES, type DType } from '../../../src/model/dtypes.js'
import { DataError, OutputError } from '../../../src/model/errors.js'
import { goldenFile, withFd } from '../direct/golden.js'

const folder = mkdtempSync(join(tmpdir(), 'write-'))
afterAll(() => rmSync(folder, { recursive: true }))

type ChunkedDeclaration = DatasetOptions & { readonly chunk: readonly number[]; readonly dtype: DType }

/** Byte k of chunk `number`. */
const byteOf = (number: number, k: number): number => (number * 31 + k * 7 + 1) & 0xff

/** Declares datasets, appends chunks `numbers` of each in that order, and writes their indices. */
async function write(
  path: string,
  datasets: Record<string, ChunkedDeclaration>,
  numbersOf: (total: number) => number[] = total => [...Array(total).keys()].reverse(),
): Promise<void> {
  const file = new NewFile()
  for (const [name, declaration] of Object.entries(datasets))
    file.declare(name, declaration.dtype, declaration)
  file.write(path)
  const fd = openSync(path, 'r+')
  let end = fstatSync(fd).size
  for (const [name, { shape, chunk: chunkShape, dtype, deflate }] of Object.entries(datasets)) {
    const chunkBytes = chunkShape.reduce((product, size) => product * size, DTYPE_BYTES[dtype])
    const total = shape.reduce((product, size, d) => product * Math.ceil(size / chunkShape[d]!), 1)
    const indices = numbersOf(total)
    const written = indices.map(number => {
      const plain = Uint8Array.from({ length: chunkBytes }, (_, k) => byteOf(number, k))
      const bytes = deflate === undefined ? plain : deflateSync(plain, { level: deflate })
      writeSync(fd, bytes, 0, bytes.length, end)
      end += bytes.length
      return { address: end - bytes.length, size: bytes.length }
    })
    const addresses = written.map(chunk => chunk.address)
    const sizes = written.map(chunk => chunk.size)
    end = writeChunkIndex(fd, findDeclared(fd, name, path), { indices, addresses, sizes }, end)
  }
  setEndOfFile(fd, end, path)
  closeSync(fd)
}

/** One element's bytes as `write` leaves them, 0 where no chunk is. */
function expectedAt(
  { shape, chunk: chunkShape, dtype }: ChunkedDeclaration,
  at: number[],
  present: Set<number>,
): number[] {
  const elementBytes = DTYPE_BYTES[dtype]
  let number = 0
  let k = 0
  at.forEach((i, d) => {
    number = number * Math.ceil(shape[d]! / chunkShape[d]!) + Math.floor(i / chunkShape[d]!)
    k = k * chunkShape[d]! + (i % chunkShape[d]!)
  })
  return Array.from({ length: elementBytes }, (_, b) =>
    present.has(number) ? byteOf(number, k * elementBytes + b) : 0,
  )
}

function expected(declaration: ChunkedDeclaration, numbers: number[]): Uint8Array {
  const { shape } = declaration
  const present = new Set(numbers)
  const total = shape.reduce((product, size) => product * size, 1)
  const bytes: number[] = []
  for (let n = 0; n < total; n++) {
    const at: number[] = []
    for (let d = shape.length - 1, rest = n; d >= 0; d--) {
      at[d] = rest % shape[d]!
      rest = Math.floor(rest / shape[d]!)
    }
    bytes.push(...expectedAt(declaration, at, present))
  }
  return Uint8Array.from(bytes)
}

async function check(
  path: string,
  name: string,
  declaration: ChunkedDeclaration,
  numbers: number[],
): Promise<void> {
  const whole = expected(declaration, numbers)
  const { shape } = declaration
  withFd(path, fd => {
    const out = new Uint8Array(whole.length)
    readSlab(
      fd,
      locateDataset(fd, name, path),
      shape.map(() => 0),
      shape,
      out,
      path,
    )
    expect(Buffer.compare(out, whole)).toBe(0)
  })
  await withFile(path, 'r', file => {
    const dataset = file.get(name) as Dataset
    expect(dataset.shape).toEqual(shape)
    if (!declaration.growable) expect(dataset.metadata.maxshape).toEqual(shape)
    expect(dataset.metadata.chunks).toEqual(declaration.chunk)
    const value = dataset.value as Uint8Array
    expect(Buffer.compare(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), whole)).toBe(0)
  })
}

describe('chunks written beside the library are read by it', () => {
  const image = 'INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/0CH0:output/image'
  test('data, gain and mask of one file', async () => {
    const path = join(folder, 'image.h5')
    const datasets: Record<string, ChunkedDeclaration> = {
      [`${image}/data`]: { shape: [300, 4, 3], chunk: [1, 4, 3], dtype: 'f4' },
      [`${image}/gain`]: { shape: [300, 4, 3], chunk: [1, 4, 3], dtype: 'u1', deflate: 1 },
      [`${image}/mask`]: { shape: [300, 4, 3], chunk: [1, 4, 3], dtype: 'u4', deflate: 1 },
    }
    await write(path, datasets)
    for (const [name, declaration] of Object.entries(datasets)) {
      await check(path, name, declaration, [...Array(300).keys()])
    }
  })

  // One leaf, a full leaf, two levels, two full levels, three levels.
  test.each([1, 63, 64, 65, 4096, 4097, 9000])('%i chunks', async total => {
    const path = join(folder, `many-${total}.h5`)
    const declaration: ChunkedDeclaration = { shape: [total, 2], chunk: [1, 2], dtype: 'u2' }
    await write(path, { data: declaration })
    await check(path, 'data', declaration, [...Array(total).keys()])
  })

  test('a grid in three dimensions with chunks over the edges, some left out', async () => {
    const path = join(folder, 'grid.h5')
    const declaration: ChunkedDeclaration = {
      shape: [7, 11, 5],
      chunk: [2, 3, 4],
      dtype: 'i8',
      deflate: 6,
    }
    const some = (total: number): number[] => [...Array(total).keys()].filter(n => n % 3 !== 1)
    await write(path, { 'a/b': declaration }, some)
    await check(path, 'a/b', declaration, some(4 * 4 * 2))
  })

  test('a dataset that may grow', async () => {
    const path = join(folder, 'growable.h5')
    const declaration: ChunkedDeclaration = {
      shape: [70, 3],
      chunk: [1, 3],
      dtype: 'u2',
      growable: true,
    }
    await write(path, { data: declaration })
    await check(path, 'data', declaration, [...Array(70).keys()])
    withFd(path, fd => expect(locateDataset(fd, 'data', path).maxShape).toEqual([Infinity, 3]))
  })

  test('no chunks at all, and chunks longer than the dataset', async () => {
    const path = join(folder, 'few.h5')
    const datasets: Record<string, ChunkedDeclaration> = {
      empty: { shape: [0, 4, 3], chunk: [1, 4, 3], dtype: 'f4' },
      emptyDeflated: { shape: [0, 4], chunk: [1, 4], dtype: 'u1', deflate: 1 },
      short: { shape: [5], chunk: [32], dtype: 'u8' },
    }
    await write(path, datasets)
    await check(path, 'empty', datasets['empty']!, [])
    await check(path, 'emptyDeflated', datasets['emptyDeflated']!, [])
    await check(path, 'short', datasets['short']!, [0])
  })
})

describe('refuses', () => {
  const declaration: ChunkedDeclaration = { shape: [4, 2], chunk: [1, 2], dtype: 'u2' }
  const attempt = async (name: string, indices: number[]): Promise<void> => {
    const path = join(folder, name)
    await write(path, { data: declaration }, () => indices)
  }
  test('chunks outside the grid', () => expect(attempt('outside', [0, 4])).rejects.toThrow('chunk 4'))
  test('chunks named twice', () =>
    expect(attempt('twice', [2, 1, 2])).rejects.toThrow('chunk 2 after chunk 2'))
  test('datasets that have chunks', async () => {
    await attempt('again', [0])
    withFd(join(folder, 'again'), fd => expect(() => findDeclared(fd, 'data', 'x')).toThrow('freshly'))
  })
  test('datasets that others declared', () => {
    withFd(goldenFile('latest.h5'), fd =>
      expect(() => findDeclared(fd, 'chunks/edge', 'x')).toThrow('freshly'),
    )
    withFd(goldenFile('latest.h5'), fd => expect(() => findDeclared(fd, 'chunks', 'x')).toThrow(DataError))
  })
})

test('a full disk is an output error that names the file', () => {
  const fd = openSync('/dev/full', 'r+')
  const declared = { file: 'name.h5', indexField: 0, base: 0, shape: [4], chunkShape: [1], elementBytes: 2 }
  const chunks = { indices: [0], addresses: [8], sizes: [2] }
  expect(() => writeChunkIndex(fd, declared, chunks, 10)).toThrow(OutputError)
  expect(() => writeChunkIndex(fd, declared, chunks, 10)).toThrow(/no space left/)
  closeSync(fd)
})

describe('the end of file', () => {
  test.each([
    'earliest.h5',
    'latest.h5',
    'userblock_latest.h5',
  ])('of %s moves, and the library takes it', async name => {
    const path = join(folder, name)
    writeFileSync(path, readFileSync(goldenFile(name)))
    const fd = openSync(path, 'r+')
    const before = fstatSync(fd).size
    setEndOfFile(fd, before + 1000, path)
    expect(fstatSync(fd).size).toBe(before + 1000)
    closeSync(fd)
    await withFile(path, 'r', file => expect(file.keys().length).toBeGreaterThan(0))
    writeFileSync(path, readFileSync(path).subarray(0, before + 999))
    await expect(withFile(path, 'r', () => undefined)).rejects.toThrow(/truncated/)
  })
})
