import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConstantsCache } from '../../constants/cache/cache.js'
import type { CacheReport } from '../../src/engine/run/cache-use.js'
import type { CorrectionOutcome } from '../../src/engine/run/outcome.js'
import { StoppedError } from '../../src/model/interruptions.js'
import type { GoldenChain } from '../golden/run/index.js'
import {
  correct,
  type GoldenPlace,
  goldenChain,
  goldenPlace,
  importGolden,
  readBack,
} from '../helpers/correction.js'

// The golden run, corrected with constants from their files, from packs, and from packs that are not what they were.
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const MODULES = [0, 4, 15]
const HEADER_BYTES = 4096

function freshFolder(): string {
  return mkdtempSync(join(place.folder, 'cache-'))
}

function cacheIn(folder: string, limit = 2 ** 30): ConstantsCache {
  return ConstantsCache.open({ folder, limit, stated: true, always: true })
}

function packsIn(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map(name => join(folder, name))
}

let count = 0
async function run(cache: ConstantsCache, chain: GoldenChain = 'default', catalogue = place.catalogue) {
  const out = join(place.folder, `out-${count++}`)
  const options = { cache }
  const outcome = await correct({
    run: place.golden.path,
    catalogue,
    out,
    ...goldenChain(place.golden, chain),
    options,
  })
  return { out, outcome, report: outcome.constantsCache as CacheReport }
}

async function expectGolden(out: string, chain: GoldenChain): Promise<void> {
  for (const [module, sequences] of Object.entries(place.golden.modules))
    for (const { sequence, frames } of sequences) {
      const name = `CORR-R0001-AGIPD${module.padStart(2, '0')}-S${String(sequence).padStart(5, '0')}.h5`
      const found = await readBack(join(out, name), place.golden.karaboId, Number(module))
      expect(found.frames).toEqual(frames[chain])
    }
}

/** What problems and outcomes say, files' names aside. */
function told({ problems, modules }: CorrectionOutcome) {
  return {
    problems: problems.map(({ check, message }) => [check, message]),
    cells: modules.map(({ module, cellsWithoutConstants }) => [module, cellsWithoutConstants]),
  }
}

function poke(path: string, at: number, change: (bytes: Buffer) => void, length = 1): void {
  const fd = openSync(path, 'r+')
  const bytes = Buffer.alloc(length)
  readSync(fd, bytes, 0, length, at)
  change(bytes)
  writeSync(fd, bytes, 0, length, at)
  closeSync(fd)
}

describe.each(['default', 'gain', 'high'] as const)('the %s chain', chain => {
  it('has the same bits from packs as from files, and the same is said of its cells', async () => {
    const folder = freshFolder()
    const first = await run(cacheIn(folder), chain)
    expect(first.report).toMatchObject({ read: [], kept: MODULES, notes: [] })
    const second = await run(cacheIn(folder), chain)
    expect(second.report).toMatchObject({ read: MODULES, kept: [], notes: [] })
    await expectGolden(first.out, chain)
    await expectGolden(second.out, chain)
    expect(told(second.outcome)).toEqual(told(first.outcome))
    expect(packsIn(folder)).toHaveLength(MODULES.length)
  })
})

it('chains do not share packs, and packs of the same content are the same bytes', async () => {
  const [one, two] = [freshFolder(), freshFolder()]
  for (const chain of ['default', 'high'] as const) await run(cacheIn(one), chain)
  for (const chain of ['high', 'default'] as const) await run(cacheIn(two), chain)
  const [a, b] = [packsIn(one), packsIn(two)]
  expect(a).toHaveLength(2 * MODULES.length)
  expect(a.map(path => readFileSync(path).compare(readFileSync(path.replace(one, two))))).toEqual(
    a.map(() => 0),
  )
  expect(b).toHaveLength(a.length)
})

describe('a damaged pack is removed, named, and never used', () => {
  it.each([
    ['a flipped bit', (path: string) => poke(path, HEADER_BYTES + 5_000_001, bytes => (bytes[0]! ^= 4))],
    ['a flipped sign', (path: string) => poke(path, statSync(path).size - 1, bytes => (bytes[0]! ^= 128))],
    ['an end that is missing', (path: string) => truncateSync(path, statSync(path).size - 4096)],
    ['no byte', (path: string) => truncateSync(path, 0)],
    ['a damaged header', (path: string) => poke(path, 100, bytes => (bytes[0]! ^= 1))],
    ['another mark', (path: string) => poke(path, 8, bytes => (bytes[0]! ^= 255))],
    ['a damaged checksum', (path: string) => poke(path, 120, bytes => (bytes[0]! ^= 1))],
    [
      'planes exchanged',
      (path: string) =>
        poke(
          path,
          HEADER_BYTES,
          bytes => {
            // O0 and T0 of the first cell.
            const [first, third] = [0, 2].map(plane =>
              Buffer.from(bytes.subarray(plane << 18, (plane + 1) << 18)),
            )
            third!.copy(bytes, 0)
            first!.copy(bytes, 2 << 18)
          },
          3 << 18,
        ),
    ],
  ])('%s', async (_, damage) => {
    const folder = freshFolder()
    await run(cacheIn(folder))
    const [victim = ''] = packsIn(folder)
    damage(victim)
    const { out, outcome, report } = await run(cacheIn(folder))
    await expectGolden(out, 'default')
    expect(report.read).toHaveLength(2)
    expect(report.kept).toHaveLength(1)
    expect(outcome.problems.filter(({ check }) => check === 'constants_pack_damaged')).toMatchObject([
      { severity: 'warning', place: { module: report.kept[0] } },
    ])
    // Made anew, it serves again.
    expect((await run(cacheIn(folder))).report.read).toEqual(MODULES)
  })

  it('a pack under the name of another', async () => {
    const folder = freshFolder()
    await run(cacheIn(folder))
    const [one = '', two = ''] = packsIn(folder)
    const bytes = readFileSync(one)
    poke(two, 0, old => bytes.copy(old), bytes.length)
    const { out, report } = await run(cacheIn(folder))
    expect(report.kept).toHaveLength(1)
    await expectGolden(out, 'default')
  })
})

describe('a file of constants that is not what it was', () => {
  it('that was touched is loaded anew', async () => {
    const folder = freshFolder()
    const catalogue = join(place.folder, 'touched')
    await importGolden(place.golden, place.folder, catalogue)
    await run(cacheIn(folder), 'default', catalogue)
    const file =
      readdirSync(catalogue, { recursive: true, encoding: 'utf8' }).find(name => name.endsWith('.h5')) ?? ''
    utimesSync(join(catalogue, file), 1e9, 1e9)
    const { report, out } = await run(cacheIn(folder), 'default', catalogue)
    expect(report.read).toHaveLength(2)
    expect(report.kept).toHaveLength(1)
    await expectGolden(out, 'default')
  })

  it('that was cut is refused as without a cache', async () => {
    const folder = freshFolder()
    const catalogue = join(place.folder, 'cut')
    await importGolden(place.golden, place.folder, catalogue)
    await run(cacheIn(folder), 'default', catalogue)
    for (const name of readdirSync(catalogue, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.h5')) truncateSync(join(catalogue, name), 100_000)
    const { outcome, report } = await run(cacheIn(folder), 'default', catalogue)
    expect(outcome.modules.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
    expect(report).toMatchObject({ read: [], kept: [] })
  })
})

it('what cannot be kept is said, and corrected all the same', async () => {
  const folder = freshFolder()
  const { out, report } = await run(cacheIn(folder, 10 * 2 ** 20))
  expect(report.kept).toHaveLength(1)
  expect(report.notes.map(({ message }) => message)).toEqual(
    new Array(2).fill('no room in the constants cache'),
  )
  await expectGolden(out, 'default')
  // The next run does not throw out what it has room for.
  expect((await run(cacheIn(folder, 10 * 2 ** 20))).report.read).toEqual(report.kept)

  rmSync(folder, { recursive: true })
  const gone = ConstantsCache.open({ folder, limit: 2 ** 30, stated: true, always: true })
  rmSync(folder, { recursive: true })
  const without = await run(gone)
  expect(without.report.notes[0]?.message).toMatch(/cannot be written/)
  await expectGolden(without.out, 'default')
})

it('a run that is stopped leaves no part of a pack', async () => {
  const folder = freshFolder()
  const abort = new AbortController()
  const running = correct({
    run: place.golden.path,
    catalogue: place.catalogue,
    out: join(place.folder, `out-${count++}`),
    workers: 1,
    options: { cache: cacheIn(folder), signal: abort.signal, onProgress: () => abort.abort() },
  })
  await expect(running).rejects.toThrow(StoppedError)
  expect(packsIn(folder).filter(path => !path.endsWith('.pack'))).toEqual([])
  expect(existsSync(folder)).toBe(true)
})
