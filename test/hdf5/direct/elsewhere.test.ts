import {
  cpSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Unreadable } from '../../../src/hdf5/direct/errors.js'
import { DirectFile, locateDataset, readSlab, rowsNotWritten } from '../../../src/hdf5/direct/index.js'
import { LibraryFile } from '../../../src/hdf5/library-file.js'
import { arrayOf, type DType } from '../../../src/model/dtypes.js'
import { scratch } from '../../helpers/exdf.js'
import { naiveSlab, withFd } from './golden.js'

const folder = fileURLToPath(new URL('../../golden/hdf5/elsewhere', import.meta.url))
const { read, gone } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  read: Record<string, { shape: number[]; dtype: string; elements: number[]; notWritten: number[] }>
  gone: Record<string, string[]>
}
const FILES = ['earliest.h5', 'latest.h5']
const each = FILES.flatMap(file => Object.entries(read).map(([path, golden]) => ({ file, path, golden })))

const bytesOf = ({ dtype, elements }: { dtype: string; elements: number[] }): Uint8Array => {
  const array = arrayOf(dtype as DType, elements.length)
  elements.forEach((value, i) => {
    array[i] = dtype === 'u8' ? BigInt(value) : value
  })
  return new Uint8Array(array.buffer)
}

const located = (file: string, path: string) => withFd(file, fd => locateDataset(fd, path, file))

const slab = (file: string, path: string, start: number[], count: number[]): Uint8Array =>
  withFd(file, fd => {
    const found = locateDataset(fd, path, file)
    const out = new Uint8Array(count.reduce((product, n) => product * n, found.elementBytes)).fill(0xaa)
    readSlab(fd, found, start, count, out, file)
    return out
  })

const errorOf = (action: () => unknown): Unreadable => {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(Unreadable)
    return error as Unreadable
  }
  throw new Error('no error')
}

describe.each(each)('$file $path', ({ file: name, path, golden }) => {
  const file = join(folder, name)
  const bytes = bytesOf(golden)

  test('has what h5py reads, in whole and in parts', () => {
    const { shape, dtype, elementBytes } = located(file, path)
    expect({ shape, dtype }).toEqual({ shape: golden.shape, dtype: golden.dtype })
    const zeros = shape.map(() => 0)
    expect(slab(file, path, zeros, [...shape])).toEqual(bytes)
    const start = shape.map(length => Math.min(1, length - 1))
    const count = shape.map((length, d) => Math.max(1, length - start[d]! - (d > 0 ? 1 : 0)))
    expect(slab(file, path, start, count)).toEqual(naiveSlab(bytes, shape, elementBytes, start, count))
  })

  test('is the same as a small dataset, and through the library', async () => {
    const direct = DirectFile.open(file)
    const found = direct.dataset(path)
    if (found === undefined) throw new Error('no dataset')
    const values = found.read(
      found.shape.map(() => 0),
      found.shape,
    )
    expect(new Uint8Array(values.buffer)).toEqual(bytes)
    direct.close()
    await LibraryFile.reading(file, library => {
      const slab = new Uint8Array(bytes.length)
      library.dataset(path)?.slab(
        found.shape.map(() => 0),
        found.shape,
        slab,
      )
      expect(slab).toEqual(bytes)
    })
  })

  test('tells which rows nobody wrote', () => {
    const rows = rowsNotWritten(located(file, path)) ?? new Uint8Array(0)
    expect([...rows.keys()].filter(row => rows[row])).toEqual(golden.notWritten)
  })
})

const missing = FILES.flatMap(file =>
  Object.entries(gone).map(([path, words]) => ({ file: `gone_${file}`, path, words })),
)

describe.each(missing)('$file $path is not there', ({ file: name, path, words }) => {
  const file = join(folder, name)
  const check = ({ line, place }: Unreadable) => {
    for (const word of [file, path, ...words]) expect(line).toContain(word)
    expect(place.file).toBe(file)
    expect(line).not.toContain('\n')
  }

  test('to the reader of slabs', () => check(errorOf(() => located(file, path))))

  test('to the reader of small datasets', () => {
    const direct = DirectFile.open(file)
    check(errorOf(() => direct.dataset(path)?.shape && whole(direct, path)))
    direct.close()
  })

  test('to the library, which would give fill values', async () => {
    const error = await LibraryFile.reading(file, library => library.dataset(path)).catch(
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(Unreadable)
    expect((error as Unreadable).line).toContain(path)
    expect((error as Unreadable).line).toContain(words.find(word => /\.(h5|bin)$|refers/.test(word)))
  })
})

function whole(file: DirectFile, path: string): unknown {
  const found = file.dataset(path)
  return found?.read(
    found.shape.map(() => 0),
    found.shape,
  )
}

describe('where sources are looked for', () => {
  test('beside the file that refers to them, wherever that is called from, and where a link to it leads', () => {
    const there = join(scratch(), 'run')
    cpSync(folder, there, { recursive: true })
    const link = join(scratch(), 'link.h5')
    symlinkSync(join(there, 'earliest.h5'), link)
    for (const file of [join(there, 'earliest.h5'), link])
      expect(slab(file, 'few/plain', [0, 0], [4, 6])).toEqual(bytesOf(read['few/plain']!))
  })

  test('an absolute name is looked for by its last part, but never in the file itself', () => {
    const there = scratch()
    cpSync(folder, there, { recursive: true })
    const file = join(there, 'gone_earliest.h5')
    // The reference is to /no/such/folder/no.h5.
    renameSync(join(there, 'sub/source.h5'), join(there, 'no.h5'))
    expect(slab(file, 'gone0/absolute', [0, 0], [4, 6])).toEqual(bytesOf(read['few/plain']!))
    rmSync(join(there, 'no.h5'))
    renameSync(file, join(there, 'no.h5'))
    expect(errorOf(() => located(join(there, 'no.h5'), 'gone0/absolute')).message).toContain(
      '/no/such/folder/no.h5 is not there',
    )
  })
})

test('a source that changes or goes after it was looked at is an error, not other numbers', () => {
  const there = scratch()
  cpSync(folder, there, { recursive: true })
  const file = join(there, 'earliest.h5')
  const source = join(there, 'sub/source.h5')
  const found = located(file, 'few/plain')
  const readIt = () => withFd(file, fd => readSlab(fd, found, [0, 0], [4, 6], new Uint8Array(48), file))
  readIt()
  const { atime, mtimeMs } = statSync(source)
  utimesSync(source, atime, new Date(mtimeMs + 5000))
  expect(readIt).toThrow(/source .*source\.h5 changed while it was read/)
  rmSync(source)
  expect(readIt).toThrow(/could not be opened \(ENOENT\)/)
})

test('a source that is damaged or no HDF5 file is told of', () => {
  const there = scratch()
  cpSync(folder, there, { recursive: true })
  writeFileSync(join(there, 'sub/source.h5'), 'not any more')
  expect(() => located(join(there, 'earliest.h5'), 'few/plain')).toThrow(/no HDF5 signature/)
})

describe('a group that only the library can list', () => {
  const file = join(folder, 'crowded.h5')
  const got = (path: string) =>
    LibraryFile.reading(file, library => library.dataset(path)).catch((error: unknown) => error)

  test('a virtual dataset in it cannot be judged, and is not read', async () => {
    for (const path of ['there', 'gone']) {
      const error = await got(path)
      expect((error as Unreadable).line).toMatch(
        /virtual dataset that cannot be judged: .* h5repack -l CONTI/,
      )
    }
  })
  test('a link to a file that is not there', async () => {
    for (const path of ['broken', 'broken/deeper'])
      expect(((await got(path)) as Unreadable).line).toMatch(
        /external link: its source sub\/no\.h5 is not there/,
      )
  })
  test('a link that leads somewhere is followed', async () => {
    const value = await LibraryFile.reading(file, library => library.dataset('link')?.read([0, 0], [4, 6]))
    expect(new Uint8Array(value!.buffer)).toEqual(bytesOf(read['few/plain']!))
  })
})
