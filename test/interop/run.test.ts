import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openRun } from '../../src/sources/run/open-run.js'
import type { Run } from '../../src/sources/run/run.js'
import { CHECKS } from '../../src/validation/checks/index.js'
import { validate } from '../../src/validation/validate.js'
import { unpackGoldenRun } from '../golden/run/index.js'
import { type ModuleSpec, scratch, writeControl, writeModule } from '../helpers/exdf.js'

interface Numbers {
  readonly trainIds: number[]
  /** Frames of each train, by module. */
  readonly modules: Record<string, Record<string, number>>
  /** File name, dataset and message. */
  readonly problems: [string, string, string][]
}

const SCRIPT = new URL('run-numbers.py', import.meta.url).pathname

/** EXtra-data's view of runs, in a fresh process: it keeps opened files by path. */
function extraData(mode: 'read' | 'check', ...runs: string[]): Record<string, Numbers> {
  const text = execFileSync('/usr/bin/python3', [SCRIPT, mode, ...runs], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  return JSON.parse(text) as Record<string, Numbers>
}

function countsOf(run: Run): Record<string, Record<string, number>> {
  const modules = [...run.modules].map(([module, files]) => [
    module,
    Object.fromEntries(
      files.flatMap(file => file.trains.map(({ trainId, image }) => [trainId, image.count])),
    ),
  ])
  return Object.fromEntries(modules) as Record<string, Record<string, number>>
}

/** Trains without frames are absent from EXtra-data's counts in some versions. */
const withFrames = (modules: Record<string, Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(modules).map(([module, counts]) => [
      module,
      Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ]),
  )

const KINDS = [
  'outside dataset',
  'start at 0',
  'gaps',
  'overlaps',
  'wrong number of entries',
  'not strictly increasing',
  'zero',
]

/** `file dataset kind`: the wording may differ. */
function kinds(problems: readonly (readonly [string, string, string])[]): string[] {
  const kind = (message: string) => KINDS.find(word => message.toLowerCase().includes(word)) ?? message
  // Of a short control device each validator names one dataset, whichever it meets first.
  const place = (dataset: string) => dataset.replace(/^(CONTROL\/.*)\/(?:value|timestamp)$/, '$1')
  return problems.map(([file, dataset, message]) => `${file} ${place(dataset)} ${kind(message)}`).sort()
}

/** Problems of the checks that both validators have. */
async function ourProblems(folder: string): Promise<string[]> {
  const shared = ['train_ids_nonzero', 'train_ids_order', 'index_control', 'index_instrument']
  const { problems } = await validate(
    folder,
    CHECKS.filter(check => shared.includes(check.name)),
  )
  return kinds(
    problems.map(({ place, message }) => [basename(place.file ?? ''), place.dataset ?? '', message]),
  )
}

describe("EXtra-data's mock runs", () => {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-mock-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  execFileSync('/usr/bin/python3', [SCRIPT, 'make', folder])
  const names = ['spb-0.5', 'spb-1.0', 'spb-1.2', 'reduced-0.5', 'reduced-1.0', 'reduced-1.2']
  const expected = extraData('read', ...names.map(name => join(folder, name)))

  test.each(names)('%s', async name => {
    const path = join(folder, name)
    const run = await openRun(path)
    const numbers = expected[path]
    expect(run.trainIds).toEqual(numbers?.trainIds)
    expect(withFrames(countsOf(run))).toEqual(withFrames(numbers?.modules ?? {}))
    expect([run.modules.size, run.problems, run.run]).toEqual([16, [], name.endsWith('0.5') ? 238 : 1])
    expect(run.modules.get(0 as never)?.[0]?.formatVersion).toBe(name.slice(-3))
    expect(await ourProblems(path)).toEqual([])
    expect(numbers?.problems).toEqual([])
  })
})

describe('the validators agree', () => {
  const plain: ModuleSpec = { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] }
  const cases: [string, ModuleSpec][] = [
    ['a good file', plain],
    ['a zero in the middle', { trainIds: [1000, 0, 1002], counts: [2, 0, 1] }],
    ['padding', { trainIds: [1000, 1001, 0, 0], counts: [2, 1, 0, 0], first: [0, 2, 0, 0] }],
    ['disorder', { trainIds: [1002, 1000, 1001], counts: [1, 2, 3] }],
    ['duplicates', { trainIds: [1000, 1000, 1001], counts: [1, 2, 3] }],
    ['a gap', { ...plain, first: [0, 4, 7] }],
    ['an overlap', { ...plain, first: [0, 1, 4] }],
    ['a late start', { ...plain, first: [1, 3, 6] }],
    ['an index beyond its data', { ...plain, frames: 5 }],
    ['count 0 that points anywhere', { ...plain, counts: [2, 0, 1], first: [0, 7, 2] }],
    ['format 0.5', { ...plain, version: '0.5', legacyIndex: true }],
  ]

  test('on damaged files and control data', async () => {
    const folders: string[] = []
    for (const [, spec] of cases) {
      const folder = scratch()
      await writeModule(folder, spec)
      folders.push(folder)
    }
    const control = scratch()
    await writeControl(control, { 'A/B/C': { short: [1], whole: [1, 1] } })
    const theirs = extraData('check', ...folders, control)
    for (const [i, folder] of [...folders, control].entries()) {
      const name = cases[i]?.[0] ?? 'control'
      expect({ [name]: await ourProblems(folder) }).toEqual({ [name]: kinds(theirs[folder]?.problems ?? []) })
    }
  })

  test('on the golden run, whose trains and frames both see alike', async () => {
    const { path } = unpackGoldenRun(scratch())
    const theirs = extraData('read', path)[path]
    expect(await ourProblems(path)).toEqual(kinds(theirs?.problems ?? []))
    const run = await openRun(path)
    expect(run.trainIds).toEqual(theirs?.trainIds)
    expect(withFrames(countsOf(run))).toEqual(withFrames(theirs?.modules ?? {}))
  })
})
