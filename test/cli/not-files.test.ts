import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { detcal, failureLines } from '../helpers/command.js'
import { scratch } from '../helpers/exdf.js'

test.each([
  [
    'a file of options',
    (pipe: string) => ['correct', 'raw', '--out', 'proc', '--catalogue', 'c', '--config', pipe],
  ],
  [
    'a file of constants',
    (pipe: string) => ['constants', 'import', pipe, '--catalogue', join(pipe, '../c'), ...PLACE],
  ],
  ['a file to be validated', (pipe: string) => ['validate', pipe]],
  ['a catalogue', (pipe: string) => ['constants', 'list', '--catalogue', join(pipe, '..')]],
])('a pipe that should be %s is refused: opening it would never return', (_, args) => {
  const pipe = join(scratch(), 'catalogue.sqlite')
  execFileSync('mkfifo', [pipe])
  const ended = detcal(...args(pipe))
  expect(ended.signal).toBeNull()
  expect([1, 2]).toContain(ended.status)
  expect(failureLines(ended).join() + ended.stdout).toMatch(
    /is a pipe, not a file|is neither|a file, not a run/,
  )
})

const PLACE = ['--detector', 'agipd1m', '--module', '0', '--begin-at', '2026-01-01']

test('a catalogue in a folder that may not be entered is not said to be none', () => {
  const folder = join(scratch(), 'closed')
  mkdirSync(folder)
  writeFileSync(join(folder, 'catalogue.sqlite'), '')
  chmodSync(folder, 0)
  // Root may enter every folder: who runs as root asks as nobody.
  if (process.getuid?.() === 0) {
    chmodSync(join(folder, '..'), 0o755)
    const { status } = spawnSync('stat', [join(folder, 'catalogue.sqlite')], { uid: 65534, gid: 65534 })
    expect(status).toBe(1)
    process.setegid?.(65534)
    process.seteuid?.(65534)
  }
  try {
    expect(() => SqliteCatalogue.open(folder)).toThrow(/the catalogue cannot be used: EACCES/)
  } finally {
    if (process.getuid?.() === 0) {
      process.seteuid?.(0)
      process.setegid?.(0)
    }
    chmodSync(folder, 0o700)
  }
})
