import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { replaceFile } from '../../src/files/names.js'
import { finalOf, isPart, partOf, removeParts } from '../../src/files/parts.js'
import { flushed, publish, writeWhole } from '../../src/files/publish.js'
import { OutputError } from '../../src/model/errors.js'
import { scratch } from '../helpers/exdf.js'

/** What was asked of the system, and what it answers to a flush. */
const system = vi.hoisted(() => ({ calls: [] as string[], flush: '' }))

vi.mock('node:fs', async importOriginal => {
  const fs = await importOriginal<typeof import('node:fs')>()
  const answer = (): Error | null =>
    system.flush === '' ? null : Object.assign(new Error(`${system.flush}: no`), { code: system.flush })
  return {
    ...fs,
    fsync: (_: number, done: (error: Error | null) => void) => {
      system.calls.push('flush file')
      done(answer())
    },
    fsyncSync: () => {
      system.calls.push('flush folder')
      const error = answer()
      if (error) throw error
    },
    renameSync: (from: string, to: string) => {
      system.calls.push('rename')
      fs.renameSync(from, to)
    },
  }
})
afterEach(() => Object.assign(system, { calls: [], flush: '' }))

test('a file is on disk before it gets its name, and its name is on disk after', async () => {
  const path = join(scratch(), 'a.h5')
  await writeWhole(path, part => writeFileSync(part, 'whole'))
  expect(system.calls).toEqual(['flush file', 'rename', 'flush folder'])
  expect(readFileSync(path, 'utf8')).toBe('whole')
})

test('nothing is flushed where that is not wanted', async () => {
  const path = join(scratch(), 'a.h5')
  writeFileSync(partOf(path), 'other')
  const part = partOf(path)
  await publish(openSync(part, 'w'), part, path, false)
  expect(system.calls).toEqual(['rename'])
})

test.each([
  'EINVAL',
  'ENOTSUP',
  'EBADF',
])('a file system that does not flush is not an error (%s)', async code => {
  system.flush = code
  const path = join(scratch(), 'a.h5')
  await writeWhole(path, part => writeFileSync(part, 'whole'))
  await flushed(path)
  expect(readFileSync(path, 'utf8')).toBe('whole')
})

test.each([
  'EIO',
  'ENOSPC',
  'EDQUOT',
])('data that do not reach the disk are (%s): no file appears', async code => {
  system.flush = code
  const folder = scratch()
  const path = join(folder, 'a.h5')
  await expect(writeWhole(path, part => writeFileSync(part, 'whole'))).rejects.toThrow(
    expect.objectContaining({ tag: 'output', place: { file: path } }),
  )
  expect(readdirSync(folder)).toEqual([])
})

test('what fails half-way leaves nothing, and names the file rather than its part', async () => {
  const folder = scratch()
  const path = join(folder, 'a.h5')
  const failing = writeWhole(path, part => {
    writeFileSync(part, 'half')
    throw new OutputError('no space left on device', { place: { file: part } })
  })
  await expect(failing).rejects.toThrow(expect.objectContaining({ place: { file: path } }))
  expect(readdirSync(folder)).toEqual([])
})

test('a part is never *.h5, has a name of its own each time, and is removed with its process', () => {
  const folder = scratch()
  const parts = [1, 2].map(() => partOf(join(folder, 'a.h5')))
  expect(new Set(parts).size).toBe(2)
  expect(finalOf(partOf(parts[0] ?? ''))).toBe(join(folder, 'a.h5'))
  for (const part of parts) {
    expect([part.endsWith('.h5'), isPart(part)]).toEqual([false, true])
    writeFileSync(part, '')
  }
  expect([isPart('a.h5'), isPart('a.part'), isPart('a.party')]).toEqual([false, true, false])
  const others = ['a.h5', 'a.h5.0.part-1', `b.h5.0.part-${process.pid}`]
  for (const name of others) writeFileSync(join(folder, name), '')
  // A process of another host may have the same pid.
  removeParts(folder, { pid: process.pid, host: 'elsewhere' }, 'a')
  expect(readdirSync(folder)).toHaveLength(others.length + 2)
  const own = { pid: process.pid, host: hostname() }
  removeParts(folder, own, 'a')
  expect(readdirSync(folder).sort()).toEqual(others)
  removeParts(folder, own)
  expect(readdirSync(folder).sort()).toEqual(['a.h5', 'a.h5.0.part-1'])
})

test('a folder takes the place of a folder that is not empty, and never of a file', () => {
  const root = scratch()
  const [from, to, file] = ['from', 'to', 'file'].map(name => join(root, name)) as [string, string, string]
  for (const folder of [from, to]) {
    mkdirSync(folder)
    writeFileSync(join(folder, `in-${basename(folder)}`), '')
  }
  writeFileSync(file, 'kept')
  expect(() => replaceFile(from, file)).toThrow(/ENOTDIR/)
  expect(() => replaceFile(file, to)).toThrow(/EISDIR/)
  replaceFile(from, to)
  expect(readdirSync(root).sort()).toEqual(['file', 'to'])
  expect(readdirSync(to)).toEqual(['in-from'])
})
