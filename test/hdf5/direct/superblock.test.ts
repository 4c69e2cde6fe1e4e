import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lookup3 } from '../../../src/hdf5/direct/checksum.js'
import { Unsupported } from '../../../src/hdf5/direct/errors.js'
import { FileView } from '../../../src/hdf5/direct/file-view.js'
import { readSuperblock } from '../../../src/hdf5/direct/superblock.js'
import { DataError } from '../../../src/model/errors.js'
import { goldenFile } from './golden.js'

const folder = mkdtempSync(join(tmpdir(), 'superblock-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(bytes: Uint8Array) {
  const path = join(folder, 'file.h5')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  try {
    return readSuperblock(new FileView(fd, path, '/'))
  } finally {
    closeSync(fd)
  }
}

const changed = (name: string, at: number, value: number): Buffer => {
  const bytes = readFileSync(goldenFile(name))
  bytes[at] = value
  return bytes
}

test('version 1 has four bytes more than version 0', () => {
  const version0 = readFileSync(goldenFile('earliest.h5'))
  const version1 = Buffer.concat([
    version0.subarray(0, 24),
    Buffer.from([32, 0, 0, 0]),
    version0.subarray(24),
  ])
  version1[8] = 1
  expect(read(version1)).toEqual({ ...read(version0), version: 1, endField: 44 })
})

test('a user block moves all addresses', () => {
  const root = read(readFileSync(goldenFile('userblock.h5')))
  expect(root).toMatchObject({ version: 0, address: 1024, endField: 1064 })
  expect(root.root).toBeGreaterThan(1024)
})

test('unknown versions and widths are for the library', () => {
  expect(() => read(changed('latest.h5', 8, 4))).toThrow(Unsupported)
  expect(() => read(changed('earliest.h5', 13, 4))).toThrow(Unsupported)
})

test('damage is noticed', () => {
  expect(() => read(changed('latest.h5', 37, 77))).toThrow(/wrong checksum/)
  expect(() => read(new Uint8Array(3000))).toThrow(/no HDF5 signature/)
  expect(() => read(new Uint8Array(0))).toThrow(DataError)
  expect(() => read(readFileSync(goldenFile('earliest.h5')).subarray(0, 90_000))).toThrow(
    /truncated, 90000 bytes of/,
  )
})

// Values of lookup3.c's own test driver.
test('the checksum is the reference implementation’s', () => {
  expect(lookup3(Buffer.from(''))).toBe(0xdeadbeef)
  expect(lookup3(Buffer.from('Four score and seven years ago'))).toBe(0x17770551)
})
