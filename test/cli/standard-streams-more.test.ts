import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcal, MAIN } from '../helpers/command.js'

// As standard-streams.test.ts has it, of the commands that came later; and of those that run until they are stopped.
let base: string
let folder: string
let corrected: string
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'detcal-streams-'))
  folder = join(base, 'out')
  corrected = join(base, 'proc')
  const run = '--detector agipd1m --trains 2 --cells 1 --modules 0'.split(' ')
  expect(detcal('simulate', base, ...run)).toMatchObject({ status: 0 })
  const args = [
    'correct',
    join(base, 'raw', 'r0001'),
    '--catalogue',
    join(base, 'catalogue'),
    '--out',
    corrected,
  ]
  expect(detcal(...args)).toMatchObject({ status: 0 })
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

const into = (name: string) => join(folder, name)
const ENV = { ...process.env, XDG_CACHE_HOME: join(tmpdir(), 'detcal-streams-cache') }
afterAll(() => rmSync(ENV.XDG_CACHE_HOME, { recursive: true, force: true }))

const JOB = '--instrument SPB --cycle 202601 --proposal 900900 --run 1 --quality good'.split(' ')
const submit = () => ['jobs', 'submit', '--queue', into('q.sqlite'), ...JOB]

/** What a command needs before it, its arguments, and what there is behind it. */
interface Case {
  readonly before?: () => readonly string[]
  readonly args: () => readonly string[]
  readonly written: readonly string[]
  /** It says nothing on stdout. */
  readonly silent?: true
}

const COMMANDS: Readonly<Record<string, Case>> = {
  preview: { args: () => ['preview', corrected, '--out', into('p.png'), '--json'], written: ['p.png'] },
  'geometry write': {
    args: () => ['geometry', 'write', '--detector', 'agipd1m', '--out', into('g.geom')],
    written: ['g.geom'],
  },
  'keys new': { args: () => ['keys', 'new', into('k.yml'), '--json'], written: ['k.yml'] },
  'constants show': {
    args: () => ['constants', 'show', '1', '--catalogue', join(base, 'catalogue')],
    written: [],
  },
  'constants remove': {
    before: () => ['simulate', folder, ...'--detector dssc1m --trains 1 --cells 1 --modules 0'.split(' ')],
    args: () => ['constants', 'remove', '1', '--catalogue', into('catalogue'), '--json'],
    written: ['catalogue', 'raw'],
  },
  'jobs submit': { args: () => [...submit(), '--json'], written: ['q.sqlite'] },
  'jobs status': {
    before: submit,
    args: () => ['jobs', 'status', '--queue', into('q.sqlite')],
    written: ['q.sqlite'],
  },
  'jobs cancel': {
    before: submit,
    args: () => ['jobs', 'cancel', '1', '--queue', into('q.sqlite'), '--json'],
    written: ['q.sqlite'],
  },
  replay: {
    args: () => {
      const socket = ['--bind', 'tcp://127.0.0.1:*', '--socket', 'PUB', '--rate', 'max']
      return ['replay', join(base, 'raw', 'r0001'), ...socket, '--json']
    },
    written: [],
  },
  reproduce: {
    args: () => ['reproduce', join(corrected, 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'), '--json'],
    written: [],
  },
}

/** Runs `detcal …` with streams that `redirections` of a shell spoil. */
function shell(redirections: string, args: readonly string[]) {
  const line = ['-c', `exec "$@" ${redirections}`, 'sh', process.execPath, MAIN, ...args]
  return spawnSync('sh', line, { encoding: 'utf8', env: ENV, timeout: 120_000 })
}

function emptied(): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
}

describe.each(Object.entries(COMMANDS))('detcal %s', (_, { before, args, written }) => {
  const run = (redirections: string) => {
    emptied()
    if (before) expect(detcal(...before())).toMatchObject({ status: 0 })
    const ended = shell(redirections, args())
    const names = readdirSync(folder).filter(name => !/-(?:wal|shm)$/.test(name))
    expect([redirections, names.sort()]).toEqual([redirections, [...written]])
    return ended
  }

  test('does its work with all streams closed, with stderr full, with a broken pipe', () => {
    const { status, stderr } = run('')
    expect([status, stderr.match(/ at .*\.js/)]).toEqual([0, null])
    for (const redirections of ['2>/dev/full', '<&- >&- 2>&-'])
      expect([redirections, run(redirections).status]).toEqual([redirections, 0])
    expect(run('2>&1 | head -c 1 >/dev/null').stderr).toBe('')
  })

  test('says in one line that stdout is full, behind the work', () => {
    const { status, stderr } = run('>/dev/full')
    expect([status, stderr.split('\n').filter(line => line.startsWith('detcal: '))]).toEqual([
      1,
      ['detcal: standard output: no space left on device, so the result is printed in part or not at all'],
    ])
    expect(stderr).not.toMatch(/ at .*\.js/)
  })
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

const ended = (child: ChildProcess) =>
  new Promise<number | null>(resolve => child.on('exit', (code, signal) => resolve(signal ? -1 : code)))

/** A command that runs until it is stopped, and what tells that it does. */
const SERVICES: Readonly<Record<string, (port: number) => { args: string[]; up: () => Promise<boolean> }>> = {
  serve: port => ({
    args: [
      ...['serve', '--source', 'tcp://127.0.0.1:1', '--catalogue', join(base, 'catalogue')],
      ...['--publish', 'tcp://127.0.0.1:*', '--http', `127.0.0.1:${port}`],
    ],
    up: () => answers(port),
  }),
  combine: port => ({
    args: [
      ...['combine', '--source', 'tcp://127.0.0.1:1', '--source', 'tcp://127.0.0.1:2'],
      ...['--publish', 'tcp://127.0.0.1:*', '--http', `127.0.0.1:${port}`],
    ],
    up: () => answers(port),
  }),
  'jobs serve': () => ({
    args: [
      ...['jobs', 'serve', '--root', folder, '--catalogue', join(base, 'catalogue')],
      ...['--queue', into('q.sqlite')],
    ],
    up: async () => existsSync(into('q.sqlite')),
  }),
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/healthz`)
    return true
  } catch {
    return false
  }
}

describe.each(Object.entries(SERVICES))('detcal %s', (_, service) => {
  test.each([
    '',
    '2>/dev/full',
    '>/dev/full',
    '>/dev/full 2>/dev/full',
    '<&- >&- 2>&-',
    '>/dev/full 2>&-',
  ])('runs until it is stopped with streams %j', async redirections => {
    emptied()
    const { args, up } = service(await freePort())
    const line = ['-c', `exec "$@" ${redirections}`, 'sh', process.execPath, MAIN, ...args]
    const child = spawn('sh', line, { env: ENV, stdio: ['pipe', 'pipe', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.stdout.resume()
    const end = ended(child)
    await expect.poll(up, { timeout: 30_000 }).toBe(true)
    expect(child.exitCode).toBeNull()
    child.kill('SIGTERM')
    // What it says at the end may be lost: that, and nothing else, is a failure.
    const lost = redirections.startsWith('>/dev/full')
    expect(await end).toBeOneOf(lost ? [0, 1, 143] : [0, 143])
    expect(stderr).not.toMatch(/ at .*\.js/)
  })
})
