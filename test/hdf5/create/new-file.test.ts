import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { NewFile } from '../../../src/hdf5/create/new-file.js'
import { DirectFile, locateDataset, readSlab } from '../../../src/hdf5/direct/index.js'
import { type Dataset, type Group, withFile } from '../../../src/hdf5/library.js'
import { arrayOf, type DType } from '../../../src/model/dtypes.js'
import { OutputError } from '../../../src/model/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'new-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0
/** Writes `file`, and reads it with the library. */
function reading<T>(file: NewFile, use: (root: Group) => T): Promise<T> {
  const path = join(folder, `${count++}.h5`)
  file.write(path)
  return withFile(path, 'r', use)
}

const DTYPES = ['i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f4', 'f8'] as const

function numbered(dtype: DType, length: number, seed: number) {
  const data = arrayOf(dtype, length)
  new Uint8Array(data.buffer).forEach((_, i, bytes) => {
    // Exponents of floats stay away from NaN.
    bytes[i] = (Math.imul(i + seed, 0x9e3779b1) >>> 13) & 0x3f
  })
  return data
}

describe('arrays', () => {
  it('of any type, shape and chunks are what the library reads', async () => {
    const axis = fc.record({ length: fc.integer({ min: 1, max: 9 }), chunk: fc.integer({ min: 1, max: 11 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...DTYPES),
        fc.array(axis, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('contiguous', 'chunks', 'deflated', 'growable'),
        fc.integer({ min: 0, max: 1000 }),
        async (dtype, axes, storage, seed) => {
          const shape = axes.map(({ length }) => length)
          const data = numbered(
            dtype,
            shape.reduce((product, length) => product * length, 1),
            seed,
          )
          const file = new NewFile()
          file.array('/a group/data', dtype, data, {
            shape,
            ...(storage === 'contiguous' ? {} : { chunk: axes.map(({ chunk }) => chunk) }),
            ...(storage === 'deflated' ? { deflate: 1 } : {}),
            ...(storage === 'growable' ? { growable: true } : {}),
          })
          await reading(file, root => {
            const dataset = root.get('a group/data') as Dataset
            expect(dataset.shape).toEqual(shape)
            expect(dataset.value).toEqual(data)
          })
        },
      ),
      { numRuns: 150, seed: 11 },
    )
  })

  it('of no rows, and of many chunks', async () => {
    const file = new NewFile()
    file.array('empty', 'f4', new Float32Array(0), { shape: [0, 3] })
    file.array('growing', 'u8', new BigUint64Array(0), { shape: [0], growable: true })
    const many = Uint16Array.from({ length: 10_000 }, (_, i) => i)
    file.array('many', 'u2', many, { shape: [10_000], chunk: [2] })
    await reading(file, root => {
      expect((root.get('empty') as Dataset).shape).toEqual([0, 3])
      expect((root.get('growing') as Dataset).metadata).toMatchObject({ shape: [0], chunks: [1] })
      expect((root.get('many') as Dataset).value).toEqual(many)
    })
  })
})

describe('strings', () => {
  const texts = ['', 'Å', 'a', 'x'.repeat(5000), '', 'end']
  it('of any length, in datasets and attributes', async () => {
    const file = new NewFile()
    file.strings('texts', texts)
    file.strings('none', [], { growable: true })
    file.scalar('one', 'café')
    file.scalar('number', 0.1)
    file.attributes('/', { texts, text: 'naïve', n: -5n, x: 0.25 })
    await reading(file, root => {
      expect((root.get('texts') as Dataset).value).toEqual(texts)
      expect((root.get('none') as Dataset).shape).toEqual([0])
      expect((root.get('one') as Dataset).value).toBe('café')
      expect((root.get('number') as Dataset).value).toBe(0.1)
      expect(
        Object.fromEntries(Object.entries(root.attrs).map(([name, { value }]) => [name, value])),
      ).toEqual({ texts, text: 'naïve', n: -5n, x: 0.25 })
    })
  })

  it('more than one heap holds', async () => {
    const many = Array.from({ length: 70_000 }, (_, i) => `${10_000_000 + i}:${i % 352}`)
    const file = new NewFile()
    file.strings('many', many)
    await reading(file, root => expect((root.get('many') as Dataset).value).toEqual(many))
  })
})

describe('declared datasets', () => {
  it('read as their fill value where there is no chunk, with the library and without', async () => {
    const six = {
      negative: arrayOf('f4', 6).fill(-1.5),
      ones: arrayOf('u4', 6).fill(0xffffffff),
      small: arrayOf('u1', 6).fill(7),
    }
    const file = new NewFile()
    for (const [name, dtype] of [
      ['negative', 'f4'],
      ['ones', 'u4'],
      ['small', 'u1'],
    ] as const) {
      const { buffer, BYTES_PER_ELEMENT: bytes } = six[name]
      file.declare(name, dtype, { shape: [3, 2], chunk: [1, 2], fill: new Uint8Array(buffer, 0, bytes) })
    }
    file.declare('zero', 'f4', { shape: [3, 2], chunk: [1, 2] })
    const expected = { ...six, zero: arrayOf('f4', 6) }
    await reading(file, root => {
      for (const [name, values] of Object.entries(expected))
        expect((root.get(name) as Dataset).value, name).toEqual(values)
    })
    const path = join(folder, `${count - 1}.h5`)
    const fd = openSync(path, 'r')
    for (const [name, { buffer }] of Object.entries(expected)) {
      const read = new Uint8Array(buffer.byteLength)
      readSlab(fd, locateDataset(fd, name, path), [0, 0], [3, 2], read, path)
      expect(read, name).toEqual(new Uint8Array(buffer))
    }
    closeSync(fd)
  })
})

describe('groups', () => {
  it('have any number of members, with names of any length, and soft links', async () => {
    const names = [...Array.from({ length: 300 }, (_, i) => `member ${i}`), 'größe', 'n'.repeat(300)]
    const file = new NewFile()
    for (const name of names) file.column(`all/${name}`, 'u4', [name.length])
    file.group('all/below/nothing')
    file.softLink('/all', 'other/link')
    await reading(file, root => {
      expect((root.get('all') as Group).keys().sort()).toEqual([...names, 'below'].sort())
      for (const name of names)
        expect((root.get(`other/link/${name}`) as Dataset).value).toEqual(Uint32Array.of(name.length))
      expect((root.get('all/below/nothing') as Group).keys()).toEqual([])
    })
  })

  it('are read without the library, too', () => {
    const path = join(folder, 'direct.h5')
    const file = new NewFile()
    for (let i = 0; i < 20; i++) file.strings(`a/b${i}/c`, [`text ${i}`, ''])
    file.softLink('/a', 'link')
    file.write(path)
    const direct = DirectFile.open(path)
    expect(direct.dataset('link/b17/c')?.strings()).toEqual(['text 17', ''])
    direct.close()
  })
})

describe('refuses', () => {
  const file = new NewFile()
  file.column('a/b', 'u1', [1])
  file.softLink('/a', 'c')
  it.each([
    ['a path that is taken', () => file.column('a/b', 'u1', [2])],
    ['a group that is taken', () => file.column('a', 'u1', [2])],
    ['a dataset for a group', () => file.column('a/b/c', 'u1', [2])],
    ['a link for a group', () => file.column('c/d', 'u1', [2])],
    ['data of another shape', () => file.array('d', 'u1', new Uint8Array(3), { shape: [2] })],
    ['chunks of another rank', () => file.declare('d', 'u1', { shape: [2], chunk: [1, 1] })],
    ['attributes of nothing', () => file.attributes('nothing', { x: 1 })],
    [
      'more than a header holds',
      () => {
        const large = new NewFile()
        large.attributes('/', { texts: Array.from({ length: 5000 }, () => 'x') })
        large.write(join(folder, 'large.h5'))
      },
    ],
  ])('%s', (_, action) => expect(action).toThrow(RangeError))

  it('a full disk, naming the file', () => {
    expect(() => file.write('/dev/full')).toThrow(OutputError)
    expect(() => file.write('/dev/full')).toThrow(/no space left/)
  })
})

it('the same structure is the same to the byte', () => {
  const [one, other] = ['one', 'other'].map(name => {
    const file = new NewFile()
    file.strings('texts', ['a', 'b'])
    file.attributes('texts', { unit: 'ADU' })
    file.write(join(folder, name))
    return readFileSync(join(folder, name))
  })
  expect(one).toEqual(other)
})
