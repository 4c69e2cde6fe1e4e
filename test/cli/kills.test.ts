import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcal, MAIN } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'

/** Moments at which each command is killed. A release sets DETCAL_KILLS=30, and DETCAL_KILLS_SEED for other moments. */
const KILLS = Number(process.env['DETCAL_KILLS'] ?? 2)
const SEED = Number(process.env['DETCAL_KILLS_SEED'] ?? 1)

let place: GoldenPlace
let folder: string
let sources: string
beforeAll(async () => {
  place = await goldenPlace()
  sources = join(place.folder, 'sources')
  folder = join(place.folder, 'out')
  const dark = '--detector dssc1m --trains 2 --cells 1 --modules 0 --kind dark'.split(' ')
  expect(detcal('simulate', sources, ...dark)).toMatchObject({ status: 0 })
  const all = ['--catalogue', place.catalogue, '--out', join(sources, 'constants')]
  expect(detcal('constants', 'export', ...all, '--module', '0')).toMatchObject({ status: 0 })
})
afterAll(() => place.remove())

const cal = () =>
  readdirSync(join(sources, 'constants'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.h5'))
    .map(name => join(sources, 'constants', name))
const into = (name: string) => join(folder, name)

/** Each command that writes, and one that writes to the same folders in another way. */
const COMMANDS: readonly [string, () => string[], () => string[]][] = [
  [
    'correct',
    () => [
      ...['correct', place.golden.path, '--catalogue', place.catalogue, '--out', into('proc')],
      ...['--combined', into('run.cxi')],
    ],
    // Refused where something is there: leftovers go all the same.
    () => [
      ...['correct', place.golden.path, '--catalogue', place.catalogue, '--out', into('proc')],
      ...['--combined', into('other.cxi'), '--modules', '0', '--trains', ':1'],
    ],
  ],
  [
    'dark',
    () => [
      ...['dark', '--run', join(sources, 'raw', 'r0001'), '--catalogue', into('catalogue')],
      ...['--report', into('report.html')],
    ],
    () => [
      ...['dark', '--run', join(sources, 'raw', 'r0001'), '--catalogue', into('catalogue')],
      ...['--report', into('other.html'), '--begin-at', '2020-01-01'],
    ],
  ],
  [
    'constants import',
    () => ['constants', 'import', ...cal(), '--catalogue', into('catalogue')],
    () => [
      ...['dark', '--run', join(sources, 'raw', 'r0001'), '--catalogue', into('catalogue')],
      ...['--report', into('report.html')],
    ],
  ],
  [
    'constants export',
    () => [
      'constants',
      'export',
      '--catalogue',
      place.catalogue,
      '--out',
      into('constants'),
      '--module',
      '0,4',
    ],
    () => [
      'constants',
      'export',
      '--catalogue',
      place.catalogue,
      '--out',
      into('constants'),
      '--module',
      '15',
    ],
  ],
  [
    'simulate',
    () => ['simulate', folder, ...'--detector dssc1m --trains 4 --cells 8 --modules 0-3'.split(' ')],
    () => ['simulate', folder, ...'--detector dssc1m --trains 1 --cells 1 --modules 0 --run 2'.split(' ')],
  ],
]

/** Everything in which work was under way, and files of constants that no catalogue knows. */
function leftovers(): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const working = names.filter(name => /\.part-|(^|\/)\.(detcal|dark|simulate|import|claim)/.test(name))
  const listed = names.includes('catalogue/catalogue.sqlite')
    ? (JSON.parse(detcal('constants', 'list', '--json', '--catalogue', into('catalogue')).stdout) as {
        file: string
      }[])
    : []
  const entered = new Set(listed.map(({ file }) => `catalogue/${file}`))
  const orphans = names.filter(name => /^catalogue\/.*\.h5$/.test(name) && !entered.has(name))
  return [...working, ...orphans]
}

function* moments(): Generator<number> {
  let x = Math.imul(SEED, 2654435761) | 1
  for (let n = 0; n < KILLS; n++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    yield (x >>> 0) / 2 ** 32
  }
}

/** Runs a command; kills it after `ms`. @returns how long it ran. */
async function run(args: readonly string[], ms?: number): Promise<number> {
  const start = performance.now()
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: 'ignore',
    env: { ...process.env, XDG_CACHE_HOME: join(place.folder, 'cache') },
  })
  const timer = ms === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), ms)
  await new Promise(resolve => child.on('exit', resolve))
  clearTimeout(timer)
  return performance.now() - start
}

function empty(): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
}

describe.each(COMMANDS)('detcal %s, killed at any moment,', (_, args, next) => {
  test('leaves nothing that the next command does not sweep', async () => {
    empty()
    const whole = await run(args())
    for (const share of moments()) {
      empty()
      // Nothing is written while the process starts.
      await run(args(), whole * (0.2 + 0.8 * share))
      await run(next())
      expect([share, leftovers()]).toEqual([share, []])
    }
  })
})
