import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { locateDataset } from '../../../src/hdf5/direct/locate.js'
import { readSlab } from '../../../src/hdf5/direct/read-slab.js'
import type { LocatedDataset } from '../../../src/hdf5/direct/types.js'
import { DataError } from '../../../src/model/errors.js'
import { elementBytesOf, expectedBytes, goldenFile, goldens, naiveSlab, withFd } from './golden.js'

const folder = mkdtempSync(join(tmpdir(), 'slab-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A slab within `shape`: start and count of each dimension. */
const slabOf = (shape: readonly number[]) =>
  fc.tuple(
    ...shape.map(size =>
      fc.tuple(fc.nat(size), fc.nat(size)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b)] as const),
    ),
  )

describe.each(
  goldens.filter(({ supported, shape }) => supported && shape.length > 0),
)('$name $path', golden => {
  test('any slab is what the naive copy takes', () => {
    const whole = expectedBytes(golden)
    const elementBytes = elementBytesOf(golden.dtype)
    const file = goldenFile(golden.name)
    withFd(file, fd => {
      const located = locateDataset(fd, golden.path, file)
      fc.assert(
        fc.property(slabOf(golden.shape), slab => {
          const start = slab.map(([first]) => first)
          const count = slab.map(([, length]) => length)
          const expected = naiveSlab(whole, golden.shape, elementBytes, start, count)
          const shared = new SharedArrayBuffer(expected.length + 2)
          const out = new Uint8Array(shared, 1, expected.length).fill(0xaa)
          readSlab(fd, located, start, count, out, file)
          expect(Buffer.compare(out, expected)).toBe(0)
          expect([new Uint8Array(shared)[0], new Uint8Array(shared).at(-1)]).toEqual([0, 0])
        }),
        { seed: 20, numRuns: 30 },
      )
    })
  })
})

/** Random bytes in a file and a dataset over them, whose shape makes runs, windows and gaps of all sizes. */
describe('large arrays', () => {
  const size = 12 * 2 ** 20
  const path = join(folder, 'bytes')
  const bytes = new Uint8Array(size)
  for (let i = 0, x = 1; i < size; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0
    bytes[i] = x >>> 24
  }
  writeFileSync(path, bytes)

  const contiguous = (shape: number[], address: number): LocatedDataset => ({
    path: 'a',
    shape,
    maxShape: shape,
    dtype: 'u2',
    elementBytes: 2,
    storage: { kind: 'contiguous', address },
  })

  const check = (located: LocatedDataset, whole: Uint8Array, start: number[], count: number[]): void => {
    const expected = naiveSlab(whole, located.shape, 2, start, count)
    const out = new Uint8Array(expected.length)
    withFd(path, fd => readSlab(fd, located, start, count, out, path))
    expect(Buffer.compare(out, expected)).toBe(0)
  }

  // Shape, start, count: [few long runs], [short runs close by], [short runs far apart], [windows within windows].
  test.each([
    [
      [40, 300, 200],
      [3, 20, 0],
      [30, 250, 200],
    ],
    [
      [2000, 1000],
      [5, 400],
      [1900, 500],
    ],
    [
      [1000, 300, 8],
      [0, 7, 2],
      [1000, 280, 3],
    ],
    [
      [20, 100000],
      [1, 99990],
      [18, 5],
    ],
    [
      [3, 200, 500, 4],
      [0, 0, 0, 1],
      [3, 200, 500, 1],
    ],
    [
      [2, 2, 300, 1000],
      [0, 0, 0, 10],
      [2, 1, 300, 900],
    ],
  ])('contiguous %j from %j, %j elements', (shape, start, count) => {
    check(contiguous(shape, 12345), bytes.subarray(12345), start, count)
  })

  test('chunks of half a megabyte, scattered', () => {
    const shape = [6, 500, 500]
    const chunkBytes = 500 * 500 * 2
    const order = [3, 0, 5, 1, 2, 4]
    const located: LocatedDataset = {
      ...contiguous(shape, 0),
      storage: {
        kind: 'chunked',
        chunkShape: [1, 500, 500],
        filters: [],
        addresses: Float64Array.from(order, place => 7 + place * chunkBytes),
        sizes: new Uint32Array(6).fill(chunkBytes),
        filterMasks: new Uint32Array(6),
      },
    }
    const whole = Buffer.concat(
      order.map(place => bytes.subarray(7 + place * chunkBytes, 7 + (place + 1) * chunkBytes)),
    )
    check(located, whole, [0, 0, 0], shape)
    check(located, whole, [1, 100, 50], [5, 300, 333])
    check(located, whole, [0, 499, 499], [6, 1, 1])
  })

  test('a file that ends too early is named', () => {
    const located = contiguous([size], 0)
    const out = new Uint8Array(2 * size)
    expect(() => withFd(path, fd => readSlab(fd, located, [0], [size], out, 'name.h5'))).toThrow(DataError)
  })
})

describe('refuses', () => {
  const file = goldenFile('earliest.h5')
  test.each([
    ['outside the dataset', [0, 0, 3], [5, 4, 4], 160],
    ['of negative size', [0, 0, 0], [-1, 4, 6], 0],
    ['of another rank', [0, 0], [5, 4], 40],
    ['with fractions', [0.5, 0, 0], [1, 4, 6], 48],
    ['into a buffer of another size', [0, 0, 0], [5, 4, 6], 239],
  ])('slabs %s', (_, start, count, bytes) => {
    const fd = openSync(file, 'r')
    const located = locateDataset(fd, 'simple/plain', file)
    expect(() => readSlab(fd, located, start, count, new Uint8Array(bytes), file)).toThrow(RangeError)
    closeSync(fd)
  })
})
