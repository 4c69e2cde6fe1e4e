import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { requireFree } from '../../src/files/free-space.js'
import { LOCK_NAME, lockFolder } from '../../src/files/lock.js'
import { nameOnce, replaceFile } from '../../src/files/names.js'
import { BusyError } from '../../src/model/errors.js'
import { scratch } from '../helpers/exdf.js'

/** What the file system refuses, and how it calls that. */
const lacks = vi.hoisted(() => ({ link: '', renameOver: '', statfs: '' }))

vi.mock('node:fs', async importOriginal => {
  const fs = await importOriginal<typeof import('node:fs')>()
  const refuse = (code: string, syscall: string): never => {
    throw Object.assign(new Error(`${code}: refused, ${syscall}`), { code, syscall })
  }
  return {
    ...fs,
    linkSync: (from: string, to: string) =>
      lacks.link === '' ? fs.linkSync(from, to) : refuse(lacks.link, 'link'),
    renameSync: (from: string, to: string) =>
      lacks.renameOver !== '' && fs.existsSync(to)
        ? refuse(lacks.renameOver, 'rename')
        : fs.renameSync(from, to),
    statfsSync: (path: string) =>
      lacks.statfs === '' ? { ...fs.statfsSync(path), blocks: 0, bavail: 0 } : refuse(lacks.statfs, 'statfs'),
  }
})
afterEach(() => Object.assign(lacks, { link: '', renameOver: '', statfs: '' }))

/** A holder whose process is gone. */
function deadHolder(): string {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  return JSON.stringify({ pid, host: hostname(), started: '1' })
}

describe.each([
  'EPERM',
  'ENOTSUP',
  'ENOSYS',
  'EMLINK',
  'EXDEV',
])('without hard links (%s), the lock', code => {
  const folderWithout = (): string => {
    lacks.link = code
    return scratch()
  }

  test('lets one in and, when released, the next', () => {
    const folder = folderWithout()
    const lock = lockFolder(folder)
    expect(JSON.parse(readFileSync(join(folder, LOCK_NAME), 'utf8'))).toMatchObject({ pid: process.pid })
    expect(() => lockFolder(folder)).toThrow(new RegExp(`process ${process.pid} on .* is writing there`))
    lock.release()
    lockFolder(folder).release()
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a dead process is swept, and nothing else is left', () => {
    const folder = folderWithout()
    const dead = deadHolder()
    writeFileSync(join(folder, LOCK_NAME), dead)
    const lock = lockFolder(folder)
    expect(lock.swept).toEqual([JSON.parse(dead)])
    expect(readdirSync(folder)).toEqual([LOCK_NAME])
    lock.release()
  })

  test('that is half written stands: its process may be alive', () => {
    const folder = folderWithout()
    writeFileSync(join(folder, LOCK_NAME), '')
    expect(() => lockFolder(folder)).toThrow(/the lock cannot be read/)
    expect(readdirSync(folder)).toEqual([LOCK_NAME])
  })
})

test('only one process sweeps a dead lock at a time', () => {
  const folder = scratch()
  const dead = deadHolder()
  writeFileSync(join(folder, LOCK_NAME), dead)
  writeFileSync(join(folder, `${LOCK_NAME}.sweep`), 'somebody')
  let thrown: unknown
  try {
    lockFolder(folder)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(BusyError)
  expect((thrown as BusyError).line).toMatch(
    /other processes are taking.* Try again, or remove \S+\.sweep if/,
  )
  expect(readFileSync(join(folder, LOCK_NAME), 'utf8')).toBe(dead)
  expect(readdirSync(folder).sort()).toEqual([LOCK_NAME, `${LOCK_NAME}.sweep`])
})

describe.each(['', 'EPERM', 'ENOTSUP', 'ENOSYS'])('a name that may be given once (link: %s)', code => {
  test('is given to one file, whole, and not to a second', () => {
    lacks.link = code
    const folder = scratch()
    const [one, two, name] = ['one', 'two', 'name'].map(file => join(folder, file)) as [
      string,
      string,
      string,
    ]
    writeFileSync(one, '1')
    writeFileSync(two, '2')
    expect([nameOnce(one, name), nameOnce(two, name)]).toEqual([true, false])
    expect(readFileSync(name, 'utf8')).toBe('1')
    expect(readdirSync(folder).sort()).toEqual(['name', 'two'])
  })

  test('is not given where the file is gone', () => {
    lacks.link = code
    const folder = scratch()
    expect(() => nameOnce(join(folder, 'gone'), join(folder, 'name'))).toThrow(/ENOENT/)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe.each(['EPERM', 'EEXIST', 'EACCES', 'EBUSY'])('where no rename goes over a file (%s)', code => {
  test('the former file makes room', () => {
    lacks.renameOver = code
    const folder = scratch()
    const [part, final] = [join(folder, 'part'), join(folder, 'final')]
    writeFileSync(part, 'new')
    writeFileSync(final, 'old')
    replaceFile(part, final)
    expect(readFileSync(final, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['final'])
  })

  test('the former file comes back if the new one cannot take its place', () => {
    lacks.renameOver = code
    const folder = scratch()
    writeFileSync(join(folder, 'final'), 'old')
    expect(() => replaceFile(join(folder, 'gone'), join(folder, 'final'))).toThrow(code)
    expect(readFileSync(join(folder, 'final'), 'utf8')).toBe('old')
    expect(existsSync(join(folder, `final.former-${process.pid}`))).toBe(false)
  })
})

test.each(['', 'ENOSYS'])('a file system that does not know its own size is not full (%s)', code => {
  lacks.statfs = code
  expect(() => requireFree(scratch(), 2 ** 60)).not.toThrow()
})
