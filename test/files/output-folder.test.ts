import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asOutputError } from '../../src/files/errors.js'
import { requireFree } from '../../src/files/free-space.js'
import { OutputFolder } from '../../src/files/output-folder.js'
import { partOf } from '../../src/files/parts.js'
import { BusyError, OutputError } from '../../src/model/errors.js'

const root = mkdtempSync(join(tmpdir(), 'detcal-out-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const OPTIONS = { overwrite: false, sync: true }
let count = 0
const fresh = (): string => join(root, `folder-${count++}`)

/** A pid that no process has. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

function lockOf(folder: string, holder: object): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '.detcal.lock'), JSON.stringify(holder))
}

describe('the lock', () => {
  it('lets one in and, when released, the next', () => {
    const path = fresh()
    mkdirSync(path)
    const first = OutputFolder.open(path, OPTIONS)
    expect(() => OutputFolder.open(path, OPTIONS)).toThrow(BusyError)
    first.close()
    OutputFolder.open(path, OPTIONS).close()
    expect(readdirSync(path)).toEqual([])
  })

  it('of a dead process is swept, with the parts that process left, and no others', () => {
    const path = fresh()
    const pid = deadPid()
    lockOf(path, { pid, host: hostname(), started: '1' })
    for (const name of [`A.h5.part-${pid}`, 'B.h5.part-1', 'C.h5']) writeFileSync(join(path, name), 'x')
    const folder = OutputFolder.open(path, OPTIONS)
    expect(readdirSync(path).sort()).toEqual(['.detcal.lock', 'B.h5.part-1', 'C.h5'])
    folder.close()
  })

  it('of one file keeps out who writes to another folder; a dead one goes with the parts beside it', () => {
    const [one, two, beside] = [fresh(), fresh(), fresh()]
    mkdirSync(beside)
    const final = join(beside, 'run.cxi')
    const [first, second] = [one, two].map(path => OutputFolder.open(path, OPTIONS)) as [
      OutputFolder,
      OutputFolder,
    ]
    first.hold(final)
    expect(() => second.hold(final)).toThrow(BusyError)
    expect(() => second.hold(final)).toThrow(/is writing there/)
    second.hold(join(beside, 'other.cxi'))
    first.close()
    second.hold(final)
    second.close()
    expect(readdirSync(beside)).toEqual([])

    const pid = deadPid()
    const part = partOf(final).replace(/\d+$/, String(pid))
    const living = partOf(final)
    for (const name of [part, living]) writeFileSync(name, 'half')
    const [lock] = ['.detcal-01234567.lock'].map(name => join(beside, name)) as [string]
    writeFileSync(lock, JSON.stringify({ pid, host: hostname(), started: '1' }))
    const third = OutputFolder.open(fresh(), OPTIONS)
    third.hold(join(beside, 'third.cxi'))
    third.close()
    expect(readdirSync(beside)).toEqual([basename(living)])
  })

  it('of a pid that another process has by now is swept', () => {
    const path = fresh()
    lockOf(path, { pid: process.pid, host: hostname(), started: '1' })
    OutputFolder.open(path, OPTIONS).close()
  })

  it('of another host stands, and says whom to ask', () => {
    const path = fresh()
    lockOf(path, { pid: 1, host: 'elsewhere', started: '1' })
    expect(() => OutputFolder.open(path, OPTIONS)).toThrow(/process 1 on elsewhere/)
    expect(existsSync(join(path, '.detcal.lock'))).toBe(true)
  })

  it.each([
    '',
    'null',
    '{}',
    '{"pid": 0, "host": "a", "started": ""}',
    '{"pid": "1", "host": "a", "started": ""}',
  ])('that cannot be read stands: %s', content => {
    const path = fresh()
    mkdirSync(path)
    writeFileSync(join(path, '.detcal.lock'), content)
    expect(() => OutputFolder.open(path, OPTIONS)).toThrow(BusyError)
    expect(() => OutputFolder.open(path, OPTIONS)).toThrow(/the lock cannot be read/)
  })
})

describe('the lock of a part', () => {
  const part = (path: string, name: string) => OutputFolder.open(path, { ...OPTIONS, part: name })

  it('leaves other parts alone, and excludes itself and the whole folder', () => {
    const path = fresh()
    const [first, second] = [part(path, 'a'), part(path, 'b')]
    expect(() => part(path, 'a')).toThrow(BusyError)
    expect(() => OutputFolder.open(path, OPTIONS)).toThrow(/is writing there/)
    first.close()
    expect(() => OutputFolder.open(path, OPTIONS)).toThrow(BusyError)
    second.close()
    const whole = OutputFolder.open(path, OPTIONS)
    expect(() => part(path, 'a')).toThrow(BusyError)
    expect(readdirSync(path)).toEqual(['.detcal.lock'])
    whole.close()
  })

  it('of a dead process is swept with its files by the same part, or by who locks the whole', () => {
    const path = fresh()
    mkdirSync(path)
    const pid = deadPid()
    const lock = JSON.stringify({ pid, host: hostname(), started: '1' })
    const leave = () => {
      writeFileSync(join(path, '.detcal.part-a.lock'), lock)
      writeFileSync(join(path, `A.h5.part-${pid}`), 'x')
    }
    for (const open of [() => part(path, 'a'), () => OutputFolder.open(path, OPTIONS)]) {
      leave()
      const folder = open()
      expect(readdirSync(path)).toHaveLength(1)
      folder.close()
      expect(readdirSync(path)).toEqual([])
    }
  })
})

describe('files', () => {
  it('appear only when published, and parts vanish on closing', async () => {
    const path = fresh()
    const folder = OutputFolder.open(path, OPTIONS)
    const [done, given] = [join(folder.path, 'done.h5'), join(folder.path, 'given.h5')]
    const part = folder.part(done)
    expect(part.endsWith('.h5')).toBe(false)
    const fd = openSync(part, 'w')
    writeSync(fd, 'whole')
    writeFileSync(folder.part(given), 'half')
    await folder.publish(part, done, fd)
    folder.close()
    expect(readdirSync(path)).toEqual(['done.h5'])
    expect(readFileSync(done, 'utf8')).toBe('whole')
  })

  it('that exist are refused, the first named and the others counted', () => {
    const path = fresh()
    mkdirSync(path)
    for (const name of ['a', 'b']) writeFileSync(join(path, name), '')
    const folder = OutputFolder.open(path, OPTIONS)
    expect(() => folder.refuseExisting([join(path, 'a'), join(path, 'b'), join(path, 'c')])).toThrow(
      /exists already \(and 1 more\)/,
    )
    folder.close()
    const overwriting = OutputFolder.open(path, { ...OPTIONS, overwrite: true })
    overwriting.refuseExisting([join(path, 'a')])
    overwriting.close()
  })
})

describe('the folder', () => {
  it('is made with its parents, and removed with them if nothing came of it', () => {
    const path = join(fresh(), 'deep', 'deeper')
    OutputFolder.open(path, OPTIONS).close()
    expect(existsSync(join(path, '..', '..'))).toBe(false)
  })

  it('that is a file, or below one, is an OutputError', () => {
    const file = fresh()
    writeFileSync(file, '')
    expect(() => OutputFolder.open(file, OPTIONS)).toThrow(OutputError)
    expect(() => OutputFolder.open(join(file, 'below'), OPTIONS)).toThrow(OutputError)
  })
})

it('requireFree compares with what the file system has', () => {
  requireFree(root, 1)
  expect(() => requireFree(root, 2 ** 60)).toThrow(/needs .* GiB and has .* GiB free/)
})

it('system errors become one line that names the file and what to do', () => {
  const error = asOutputError(
    Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
    '/x/y.h5',
  ) as OutputError
  expect(error.line).toBe('/x/y.h5: no space left on device. Free space or choose another folder.')
  const other = new TypeError('bug')
  expect(asOutputError(other, '/x')).toBe(other)
})
