import { describe, expect, test } from 'vitest'
import { Unsupported } from '../../../src/hdf5/direct/errors.js'
import { locateDataset } from '../../../src/hdf5/direct/locate.js'
import { readSlab } from '../../../src/hdf5/direct/read-slab.js'
import { LibraryFile } from '../../../src/hdf5/library-file.js'
import { DataError } from '../../../src/model/errors.js'
import { expectedBytes, goldenFile, goldens, withFd } from './golden.js'

const located = (name: string, path: string) =>
  withFd(goldenFile(name), fd => locateDataset(fd, path, goldenFile(name)))

describe.each(goldens.filter(golden => golden.supported))('$name $path', golden => {
  const file = goldenFile(golden.name)

  test('has the shape and type that h5py gave it', () => {
    const { shape, maxShape, dtype, elementBytes } = located(golden.name, golden.path)
    expect({ shape, dtype }).toEqual({ shape: golden.shape, dtype: golden.dtype })
    expect(maxShape).toEqual(golden.maxShape.map(size => size ?? Infinity))
    expect(elementBytes).toBe(Number(golden.dtype.slice(1)))
  })

  test('has the values that h5py wrote and the library reads', async () => {
    const expected = expectedBytes(golden)
    const out = new Uint8Array(expected.length).fill(0xaa)
    withFd(file, fd => {
      const dataset = locateDataset(fd, golden.path, file)
      readSlab(
        fd,
        dataset,
        golden.shape.map(() => 0),
        golden.shape,
        out,
        file,
      )
    })
    expect(Buffer.compare(out, expected)).toBe(0)
    await LibraryFile.reading(file, library => {
      const read = new Uint8Array(expected.length)
      library.dataset(golden.path)?.slab(
        golden.shape.map(() => 0),
        golden.shape,
        read,
      )
      expect(Buffer.compare(read, expected)).toBe(0)
    })
  })
})

describe('falls back to the library for', () => {
  test.each(goldens.filter(golden => !golden.supported))('$name $path', ({ name, path }) => {
    expect(() => located(name, path)).toThrow(Unsupported)
  })
})

describe('refuses, for the library would not tell,', () => {
  test.each(['earliest.h5', 'latest.h5'])('external links to nowhere in %s', name => {
    expect(() => located(name, 'links/elsewhere')).toThrow(
      /^external link: its source other\.h5 is not there$/,
    )
  })
})

describe.each(['earliest.h5', 'latest.h5'])('%s: names the file and what is missing:', name => {
  const failure = (path: string): string => {
    try {
      located(name, path)
    } catch (error) {
      expect(error).toBeInstanceOf(DataError)
      return (error as DataError).line
    }
    throw new Error('no error')
  }

  test('a missing member', () => {
    expect(failure('integers/u9')).toMatch(/\.h5, integers\/u9: no such dataset, "u9" is missing\. List/)
  })
  test('a member of a dataset', () => expect(failure('simple/plain/x')).toContain('"x" is missing'))
  test('a group', () => expect(failure('chunks')).toContain('not a dataset'))
  test('the root', () => expect(failure('/')).toContain('not a dataset'))
  test('a broken soft link', () => expect(failure('links/broken')).toContain('"nowhere" is missing'))
  test('a loop of soft links', () => expect(failure('links/loop')).toContain('too many soft links'))
  test('a file that is not an HDF5 file', () => {
    expect(() => withFd(goldenFile('files.json'), fd => locateDataset(fd, 'a', 'files.json'))).toThrow(
      DataError,
    )
  })
})

test('finds every kind of index', () => {
  const allocated = (name: string, path: string): number => {
    const { storage } = located(name, path)
    return storage.kind === 'chunked' ? storage.addresses.filter(address => address >= 0).length : -1
  }
  expect(allocated('latest.h5', 'chunks/sparse')).toBe(3)
  expect(allocated('earliest.h5', 'chunks/sparse')).toBe(3)
  expect(allocated('latest.h5', 'chunks/one_gzip')).toBe(1)
  expect(allocated('latest.h5', 'simple/early')).toBe(9)
  expect(allocated('latest.h5', 'simple/early_room')).toBe(9)
  expect(allocated('many_latest.h5', 'growing')).toBe(20)
  expect(allocated('many_latest.h5', 'fixed_gzip')).toBe(20)
  expect(located('latest.h5', 'simple/compact').storage.kind).toBe('compact')
  expect(located('latest.h5', 'simple/never').storage).toEqual({ kind: 'contiguous', address: -1 })
})
