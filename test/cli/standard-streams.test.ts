import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcal, MAIN } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'

let place: GoldenPlace
let folder: string
beforeAll(async () => {
  place = await goldenPlace()
  folder = join(place.folder, 'out')
  mkdirSync(folder)
})
afterAll(() => place.remove())

/** Runs `detcal …` with streams that `redirections` of a shell spoil. */
function shell(redirections: string, ...args: readonly string[]) {
  const ended = spawnSync(
    'sh',
    ['-c', `exec "$@" ${redirections}`, 'sh', process.execPath, MAIN, ...args, '--json'],
    {
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: join(place.folder, 'cache') },
      timeout: 120_000,
    },
  )
  return { status: ended.status, stderr: ended.stderr, stdout: ended.stdout }
}

const offset = () => ['--catalogue', place.catalogue, '--module', '0', '--calibration', 'Offset']

/** Every command that there is, what it writes into `folder`, by name. */
const COMMANDS: Readonly<Record<string, () => { args: string[]; written: string[] }>> = {
  correct: () => ({
    args: [
      ...['correct', place.golden.path, '--out', join(folder, 'proc'), '--catalogue', place.catalogue],
      ...['--trains', ':1', '--modules', '0', '--combined', join(folder, 'run.cxi')],
    ],
    written: ['proc', 'run.cxi'],
  }),
  simulate: () => ({
    args: ['simulate', folder, ...'--detector agipd1m --trains 1 --cells 1 --modules 0'.split(' ')],
    written: ['catalogue', 'raw'],
  }),
  dark: () => ({
    args: ['dark', '--run', join(darks, 'raw', 'r0001'), '--catalogue', join(folder, 'catalogue')],
    written: ['catalogue'],
  }),
  inspect: () => ({ args: ['inspect', place.golden.path], written: [] }),
  validate: () => ({ args: ['validate', place.golden.path], written: [] }),
  'constants list': () => ({ args: ['constants', 'list', '--catalogue', place.catalogue], written: [] }),
  'constants verify': () => ({ args: ['constants', 'verify', '--catalogue', place.catalogue], written: [] }),
  'constants export': () => ({
    args: ['constants', 'export', '--out', join(folder, 'constants'), ...offset()],
    written: ['constants'],
  }),
  'constants import': () => ({
    args: ['constants', 'import', ...exported, '--catalogue', join(folder, 'catalogue')],
    written: ['catalogue'],
  }),
}

let darks: string
let exported: string[]
beforeAll(() => {
  darks = join(place.folder, 'darks')
  const dark = '--detector dssc1m --trains 2 --cells 1 --modules 0 --kind dark'.split(' ')
  expect(detcal('simulate', darks, ...dark)).toMatchObject({ status: 0 })
  const out = join(place.folder, 'exported')
  mkdirSync(out)
  expect(detcal('constants', 'export', '--out', out, ...offset())).toMatchObject({
    status: 0,
  })
  exported = readdirSync(out, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.h5'))
    .map(name => join(out, name))
})

/** Files in which work was under way, wherever they are. */
function leftovers(): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    /\.part-|\.detcal\.lock|\/\.[^/]*$/.test(name),
  )
}

describe.each(Object.keys(COMMANDS))('detcal %s', name => {
  const run = (redirections: string) => {
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    const { args, written } = (COMMANDS[name] as (typeof COMMANDS)[string])()
    const sound = written.length
    const ended = shell(redirections, ...args)
    expect(leftovers()).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(written)
    return { ...ended, sound }
  }

  test('does its work with all streams closed, with stderr full, with a broken pipe', () => {
    const { status } = run('')
    for (const redirections of ['2>/dev/full', '<&- >&- 2>&-'])
      expect([redirections, run(redirections).status]).toEqual([redirections, status])
    expect(run('2>&1 | head -c 1 >/dev/null').stderr).toBe('')
  })

  test('says in one line that stdout is full, behind the work', () => {
    const { status, stderr } = run('>/dev/full')
    expect(status).toBe(1)
    expect(stderr.split('\n').filter(line => line.startsWith('detcal: '))).toEqual([
      'detcal: standard output: no space left on device, so the result is printed in part or not at all',
    ])
    expect(stderr).not.toMatch(/ at .*\.js/)
    expect(run('>/dev/full 2>/dev/full').status).toBe(1)
  })
})
