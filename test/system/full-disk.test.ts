import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { exportConstants } from '../../constants/catalogue/export.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { darkRun } from '../../src/engine/dark/dark-run.js'
import { correctRun } from '../../src/engine/run/correct-run.js'
import { DETECTORS } from '../../src/kits/index.js'
import { isDetcalError } from '../../src/model/errors.js'
import { planOf as darkPlanOf, versionsIn } from '../engine/dark/dark.js'
import { writeGoldenDetector } from '../golden/dark/detectors.js'
import { detcal, failureLines, listing } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, planOf, type ReadBack, readBack } from '../helpers/correction.js'
import { SmallDisk } from './small-disk.js'

// Every write path meets a full disk: with each number of free pages another write is the one that fails.
const PAGE = 4096
const MIB = 1024 ** 2

let place: GoldenPlace
let disk: SmallDisk
beforeAll(async () => {
  place = await goldenPlace()
  disk = new SmallDisk(256 * MIB)
})
afterAll(() => {
  disk.unmount()
  place.remove()
})
afterEach(() => {
  for (const name of readdirSync(disk.path)) rmSync(join(disk.path, name), { recursive: true })
})

/** Free bytes to try: page by page at both ends, where structure and indices are written, in leaps between. */
function* amounts(needed: number): Generator<number> {
  const edge = Math.min(14 * PAGE, needed)
  for (let free = 0; free < edge; free += PAGE) yield free
  for (let free = edge; free < needed - edge; free += Math.max(PAGE, Math.floor(needed / 12 / PAGE) * PAGE))
    yield free
  for (let free = Math.max(edge, needed - edge); free <= needed + 8 * PAGE; free += PAGE) yield free
}

/** Bytes that files below `folder` take. */
function sizeOf(folder: string): number {
  return listing(folder).reduce(
    (sum, line) => sum + Math.ceil(Number(line.split(' ')[1] ?? 0) / PAGE) * PAGE,
    0,
  )
}

describe('a correction', () => {
  const CORR = 'CORR-R0001-AGIPD00-S00000.h5'
  const METADATA = 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'
  let count = 0

  /** Corrects one train of one module into a new folder, without the check of free space that would stop it. */
  async function attempt(combined: boolean) {
    const folder = disk.folder(`run-${count++}`)
    const out = join(folder, 'proc')
    const cxi = combined ? join(folder, 'run.cxi') : undefined
    const selection = { modules: '0', trains: '0:1' }
    const request = { run: place.golden.path, catalogue: place.catalogue, out, ...selection, workers: 1 }
    const plan = await planOf({ ...request, ...(cxi ? { combined: cxi } : {}) })
    const outcome = await correctRun(
      { ...plan, totals: { ...plan.totals, outputBytes: 0 } },
      {
        output: { folder: out, corrected: true, ...(cxi ? { combined: cxi } : {}) },
        overwrite: false,
        sync: true,
        provenance: { software: 'test', created: '2026-01-01T00:00:00.000Z', options: {} },
      },
    ).catch((error: unknown) => error)
    return { folder, outcome }
  }

  test.each([
    false,
    true,
  ])('names the file and leaves only whole ones, with a combined file: %s', async combined => {
    disk.leave(200 * MIB)
    const whole = await attempt(combined)
    const names = readdirSync(whole.folder, { recursive: true, encoding: 'utf8' }).sort()
    expect(names).toEqual(['proc', `proc/${CORR}`, `proc/${METADATA}`, ...(combined ? ['run.cxi'] : [])])
    const expected: ReadBack = await readBack(join(whole.folder, 'proc', CORR), place.golden.karaboId, 0)
    const needed = sizeOf(whole.folder)
    rmSync(whole.folder, { recursive: true })

    const failed = new Set<string>()
    for (const free of amounts(needed)) {
      disk.leave(free)
      const { folder, outcome } = await attempt(combined)
      const error = failureOf(outcome)
      const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
      if (error === undefined) expect(left).toEqual(names)
      else {
        expect(
          isDetcalError(error, 'output') || (error as { tag?: string }).tag === 'output',
          `${free} bytes: ${String(error)}`,
        ).toBe(true)
        const {
          message,
          place: { file = '' },
        } = error as { message: string; place: { file?: string } }
        expect(message).toMatch(/no space left/i)
        expect(file.startsWith(folder), file).toBe(true)
        expect(file).not.toContain('.part-')
        failed.add(file.slice(folder.length + 1))
        for (const name of left) expect(names).toContain(name)
      }
      if (left.includes(`proc/${CORR}`))
        expect(await readBack(join(folder, 'proc', CORR), place.golden.karaboId, 0)).toEqual(expected)
      rmSync(folder, { recursive: true })
    }
    expect([...failed].sort()).toEqual(
      expect.arrayContaining([`proc/${CORR}`, ...(combined ? ['run.cxi'] : [`proc/${METADATA}`])]),
    )
  })

  test('is refused before it starts where the plan does not fit', () => {
    disk.leave(MIB)
    const out = join(disk.path, 'refused')
    const ended = detcal('correct', place.golden.path, '--out', out, '--catalogue', place.catalogue)
    expect(failureLines(ended)).toEqual([
      expect.stringMatching(/refused: needs .* GiB and has .* free\. Free space/),
    ])
    expect(ended.status).toBe(1)
    expect(readdirSync(disk.path)).toEqual(['filler'])
  })
})

/** The error of an outcome: thrown, or of the one file that it made. */
function failureOf(outcome: unknown): unknown {
  if (outcome instanceof Error) return outcome
  const { modules } = outcome as { modules: { sequences: { error?: unknown }[] }[] }
  return modules
    .flatMap(({ sequences }) => sequences.map(({ error }) => error))
    .find(error => error !== undefined)
}

describe('an import of constants', () => {
  test('enters all or nothing, and works once there is space', () => {
    const [constant] = place.golden.constants
    const file = join(place.folder, constant?.file ?? '')
    const command = (catalogue: string) =>
      detcal(
        ...[
          'constants',
          'import',
          file,
          '--catalogue',
          catalogue,
          '--detector',
          'SPB_DET_AGIPD1M-1',
          '--module',
          '0',
        ],
        ...['--begin-at', '2023-11-01T00:00:00Z'],
      )
    disk.leave(200 * MIB)
    const catalogue = join(disk.path, 'catalogue')
    expect(command(catalogue).status).toBe(0)
    const needed = sizeOf(catalogue)
    const whole = listing(catalogue).filter(name => name.includes('.h5'))
    rmSync(catalogue, { recursive: true })

    for (const free of [0, 1, 2, 4, 8, 12, 16, 24, 32]
      .map(pages => pages * PAGE)
      .concat([needed / 2, needed - 40 * PAGE, needed - 8 * PAGE])) {
      disk.leave(Math.floor(free / PAGE) * PAGE)
      const ended = command(catalogue)
      if (ended.status === 0) continue
      expect(ended.status, ended.stderr).toBe(1)
      expect(failureLines(ended)).toHaveLength(1)
      expect(ended.stderr).toMatch(/no space left|disk is full|disk I\/O error|Check free space/i)
      const store = readdirSync(disk.path).includes('catalogue') ? listing(catalogue) : []
      expect(store.filter(name => name.includes('.h5') || name.includes('.import'))).toEqual([])
      disk.leave(200 * MIB)
      const again = command(catalogue)
      expect(again.status, again.stderr).toBe(0)
      expect(listing(catalogue).filter(name => name.includes('.h5'))).toEqual(whole)
      rmSync(catalogue, { recursive: true })
    }
  })
})

test('an export of constants writes all files or none, and works once there is space', async () => {
  const catalogue = SqliteCatalogue.open(place.catalogue)
  try {
    const versions = catalogue.list({ modules: [0, 4], calibrations: ['Offset'] })
    const out = join(disk.path, 'export')
    const attempt = () => exportConstants(catalogue, DETECTORS, { versions, out, overwrite: false })
    disk.leave(200 * MIB)
    const whole = (await attempt()).map(({ file }) => file)
    expect(whole).toHaveLength(2)
    const needed = sizeOf(out)
    rmSync(out, { recursive: true })
    for (const free of [
      0,
      PAGE,
      8 * PAGE,
      needed / 2,
      needed - 40 * PAGE,
      needed - 4 * PAGE,
      needed - PAGE,
    ]) {
      disk.leave(Math.floor(free / PAGE) * PAGE)
      const error: unknown = await attempt().then(
        () => undefined,
        (cause: unknown) => cause,
      )
      if (error !== undefined) {
        expect(isDetcalError(error, 'output'), `${free} bytes: ${String(error)}`).toBe(true)
        expect(readdirSync(disk.path)).toEqual(['filler'])
      }
      disk.leave(200 * MIB)
      expect((await attempt()).map(({ file }) => file)).toEqual(whole)
      rmSync(out, { recursive: true })
    }
  } finally {
    catalogue.close()
  }
})

describe('a simulation', () => {
  const options = [
    '--detector',
    'agipd1m',
    '--trains',
    '2',
    '--cells',
    '2',
    '--modules',
    '3',
    '--workers',
    '1',
  ]

  test.each([
    ['RAW files', (out: string) => ['simulate', out, '--kind', 'dark', ...options]],
    [
      'constants',
      (out: string) => [
        'simulate',
        join(place.folder, `sim-${process.hrtime.bigint()}`),
        '--catalogue',
        join(out, 'catalogue'),
        ...options,
      ],
    ],
    ['everything', (out: string) => ['simulate', out, '--truth', join(out, '..', 'truth.h5'), ...options]],
  ])('of %s leaves nothing', (_, command) => {
    disk.leave(200 * MIB)
    const out = join(disk.path, 'sim')
    expect(detcal(...command(out)).status).toBe(0)
    const needed = sizeOf(disk.path) - sizeOfFiller()
    clear()
    for (const share of [0, 0.05, 0.5, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.993, 0.996, 0.998]) {
      disk.leave(Math.floor((share * needed) / PAGE) * PAGE)
      const ended = detcal(...command(out))
      if (ended.status !== 0) {
        expect(failureLines(ended), `${share} of the space`).toHaveLength(1)
        expect(ended.stderr).toMatch(/no space left|disk is full|disk I\/O error|are free|space/i)
        expect(ended.stderr).toContain(disk.path)
        expect(ended.status).toBe(1)
        expect(listing(disk.path).filter(name => /\.(h5|part)|r0001/.test(name))).toEqual([])
      }
      clear()
    }
  })

  function sizeOfFiller(): number {
    return Number(
      listing(disk.path)
        .find(line => line.startsWith('filler '))
        ?.split(' ')[1] ?? 0,
    )
  }

  function clear(): void {
    for (const name of readdirSync(disk.path)) rmSync(join(disk.path, name), { recursive: true })
  }
})

describe('a dark characterisation', () => {
  /** Without the check of free space that would stop it. */
  async function attempt(run: string, catalogue: string): Promise<unknown> {
    const plan = await darkPlanOf({ runs: { run }, catalogue, workers: 1 })
    return darkRun(
      { ...plan, totals: { ...plan.totals, outputBytes: 0 } },
      { catalogue, software: 'test' },
    ).catch((error: unknown) => error)
  }

  test('enters all constants or none', async () => {
    const run = await writeGoldenDetector(join(place.folder, 'dark'), 'dssc')
    await attempt(run, join(disk.path, 'whole'))
    const needed = sizeOf(disk.path)
    rmSync(join(disk.path, 'whole'), { recursive: true })
    let failed = 0
    for (const share of [0, 0.02, 0.3, 0.6, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 1, 1.05]) {
      disk.leave(Math.floor((share * needed) / PAGE) * PAGE)
      const catalogue = join(disk.path, 'catalogue')
      const outcome = await attempt(run, catalogue)
      const names = listing(disk.path).filter(name => /\.h5|\.dark|module|\.import/.test(name))
      if (isDetcalError(outcome)) {
        failed++
        expect(outcome.line, `${share} of the space`).toMatch(
          /no space left|disk is full|disk I\/O error|space/i,
        )
        expect(names).toEqual([])
        if (existsSync(join(catalogue, 'catalogue.sqlite'))) expect(versionsOf(catalogue)).toEqual([])
      } else {
        expect(outcome).toMatchObject({ modules: [{ module: 3 }] })
        expect(names).toHaveLength(1)
      }
      rmSync(catalogue, { recursive: true, force: true })
    }
    expect(failed).toBeGreaterThan(5)
    expect(failed).toBeLessThan(13)
  })

  /** Nothing, too, if a full disk does not even let a reader in. */
  function versionsOf(catalogue: string): unknown[] {
    disk.leave(MIB)
    return versionsIn(catalogue)
  }
})
