import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { NewFile } from '../../../src/hdf5/create/new-file.js'

const folder = mkdtempSync(join(tmpdir(), 'interop-'))
afterAll(() => rmSync(folder, { recursive: true }))

function example(): NewFile {
  const file = new NewFile()
  for (let i = 0; i < 7; i++) file.column(`some/d0${i}`, 'i4', [i])
  file.strings('some/texts', ['one', 'two', 'three'])
  file.attributes('some/texts', { unit: 'ADU' })
  file.softLink('/some', 'link')
  file.column('growing', 'u8', [7, 8, 9], { growable: true })
  file.declare('declared', 'u2', { shape: [4, 2], chunk: [1, 2], deflate: 1 })
  file.attributes('/', { engine: 'détcal' })
  for (const dtype of ['i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f4', 'f8'] as const)
    file.column(`types/${dtype}`, dtype, [1])
  file.strings('types/ascii', ['a'])
  file.strings('types/utf8', ['ä'])
  return file
}

describe('a file made without the library', () => {
  const script = fileURLToPath(new URL('new-file.py', import.meta.url))

  test('is changed in place by h5py, as one of its own', () => {
    const path = join(folder, 'changed.h5')
    example().write(path)
    execFileSync('/usr/bin/python3', [script, path], { encoding: 'utf8' })
    execFileSync('h5dump', ['-H', path])
  })

  test('is copied and repacked by the HDF5 tools', () => {
    const [path, copy] = ['original.h5', 'copy.h5'].map(name => join(folder, name)) as [string, string]
    example().write(path)
    execFileSync('h5repack', [path, copy])
    execFileSync('h5diff', [path, copy])
    expect(execFileSync('h5ls', ['-r', path], { encoding: 'utf8' })).toMatch(/\/some\/d06 +Dataset \{1\}/)
    expect(execFileSync('h5stat', [path], { encoding: 'utf8' })).toContain('# of unique groups: 3')
  })
})
