import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type File, openLibrary, withFile } from '../../src/hdf5/library.js'
import { DataError, DetcalError, OutputError } from '../../src/model/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'library-'))
afterAll(() => rmSync(folder, { recursive: true }))

const lineOf = async (action: Promise<unknown>): Promise<string> => {
  const error = await action.then(
    () => undefined,
    reason => reason,
  )
  expect(error).toBeInstanceOf(DetcalError)
  return error.line
}

describe('what the library complains about names file and cause on one line', () => {
  test('a missing file, and a folder', async () => {
    const path = join(folder, 'missing.h5')
    const says = (what: string) => `${what}. Name an HDF5 file.`
    expect(await lineOf(withFile(path, 'r', () => 0))).toBe(says(`${path}: there is no such file`))
    expect(await lineOf(withFile(folder, 'r', () => 0))).toBe(says(`${folder}: is not a file`))
    await expect(withFile(path, 'r', () => 0)).rejects.toBeInstanceOf(DataError)
  })

  test('a file that is none', async () => {
    const path = join(folder, 'text.h5')
    writeFileSync(path, 'not HDF5\n')
    const line = await lineOf(withFile(path, 'r', () => 0))
    expect(line).toContain('is not an HDF5 file. Copy it again')
    expect(line).not.toContain('\n')
  })

  test('a folder that does not exist', async () => {
    const path = join(folder, 'no/such/file.h5')
    await expect(withFile(path, 'w', () => 0)).rejects.toBeInstanceOf(OutputError)
  })

  test('a dataset that cannot be', async () => {
    const make = (file: File) => file.create_dataset({ name: 'a/b', data: new Uint8Array(3) })
    await expect(withFile(join(folder, 'a.h5'), 'w', make)).rejects.toThrow(/component not found/)
  })

  test('opening it directly', async () => {
    const library = await openLibrary()
    expect(() => library.open(join(folder, 'missing.h5'), 'r')).toThrow(DataError)
  })
})

test('files are closed whatever happens', async () => {
  const path = join(folder, 'closed.h5')
  const opened: File[] = []
  const failing = (file: File): never => {
    opened.push(file)
    throw new TypeError('a mistake of ours')
  }
  await expect(withFile(path, 'w', failing)).rejects.toBeInstanceOf(TypeError)
  expect(() => opened[0]!.keys()).toThrow()
  expect(await withFile(path, 'r', file => file.keys())).toEqual([])
})

test('errors of our own pass unchanged', async () => {
  const path = join(folder, 'own.h5')
  const own = new DataError('train 3 is bad', { place: { train: 3 } })
  const failing = (): never => {
    throw own
  }
  await expect(withFile(path, 'w', failing)).rejects.toBe(own)
})
