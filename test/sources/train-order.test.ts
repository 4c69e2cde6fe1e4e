import { describe, expect, test } from 'vitest'
import { joinRun } from '../../src/sources/run/join.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { type ModuleSpec, scratch, writeModule } from '../helpers/exdf.js'

const F = 1_500_000_000
const COUNTS = [2, 2, 2]
const ids = (...offsets: number[]) => offsets.map(offset => F + offset)

/** Two modules of two files of three trains each; `spoilt` are the trains of module 0's files in place of the sound ones. */
async function runOf(spoilt: {
  readonly first?: Partial<ModuleSpec>
  readonly second?: Partial<ModuleSpec>
}) {
  const folder = scratch()
  for (const module of [0, 1])
    for (const sequence of [0, 1]) {
      const change = module === 1 ? {} : sequence === 0 ? spoilt.first : spoilt.second
      const trainIds = ids(...[0, 1, 2].map(i => 3 * sequence + i))
      await writeModule(folder, { module, sequence, trainIds, counts: COUNTS, ...change })
    }
  const run = await openRun(folder)
  const files = [...joinRun(run).modules.values()].flat()
  const layout = files.map(
    ({ module, file, trains }) =>
      `m${module}s${file.sequence}: ${trains.map(({ trainId, rows }) => `${trainId > F - 100 && trainId < F + 100 ? trainId - F : trainId}×${rows.count}`).join(' ')}`,
  )
  const named = run.problems.filter(({ check }) => check === 'train_ids_order' || check === 'train_flags')
  return { layout, named: named.map(({ severity, place }) => `${severity} ${place.train}`) }
}

const SOUND = ['m1s0: 0×2 1×2 2×2', 'm1s1: 3×2 4×2 5×2']

describe('a train out of sequence stays in its file and place, is named and decides nothing', () => {
  const cases: [string, Parameters<typeof runOf>[0], string[], number][] = [
    [
      'far too low, in the middle',
      { second: { trainIds: [F + 3, 42107, F + 5] } },
      ['m0s0: 0×2 1×2 2×2', 'm0s1: 3×2 42107×2 5×2'],
      42107,
    ],
    [
      'far too low, the first',
      { second: { trainIds: [42107, F + 4, F + 5] } },
      ['m0s0: 0×2 1×2 2×2 3×0', 'm0s1: 42107×2 4×2 5×2'],
      42107,
    ],
    [
      'far too high, the last of a file',
      { first: { trainIds: [F, F + 1, 2 ** 50] } },
      ['m0s0: 0×2 1×2 1125899906842624×2', 'm0s1: 3×2 4×2 5×2'],
      2 ** 50,
    ],
    [
      'far too high, the last of all',
      { second: { trainIds: [F + 3, F + 4, 2 ** 50] } },
      ['m0s0: 0×2 1×2 2×2', 'm0s1: 3×2 4×2 1125899906842624×2'],
      2 ** 50,
    ],
    [
      'near, before the file before',
      { second: { trainIds: ids(3, -5, 5) } },
      ['m0s0: 0×2 1×2 2×2', 'm0s1: 3×2 -5×2 5×2'],
      F - 5,
    ],
    [
      'near, behind the file behind',
      { first: { trainIds: ids(0, 50, 2) } },
      ['m0s0: 0×2 50×2 2×2', 'm0s1: 3×2 4×2 5×2'],
      F + 50,
    ],
    [
      'flagged, too',
      { second: { trainIds: [F + 3, 42107, F + 5], flags: [1, 0, 1] } },
      ['m0s0: 0×2 1×2 2×2', 'm0s1: 3×2 42107×2 5×2'],
      42107,
    ],
    [
      'flagged in format 1.1, where that is 1',
      { second: { version: '1.1', trainIds: [F + 3, 42107, F + 5], flags: [0, 1, 0] } },
      ['m0s0: 0×2 1×2 2×2', 'm0s1: 3×2 42107×2 5×2'],
      42107,
    ],
  ]
  test.each(cases)('%s', async (_, spoilt, module0, train) => {
    const { layout, named } = await runOf(spoilt)
    expect(layout).toEqual([...module0, ...SOUND])
    expect(named).toContain(`warning ${train}`)
  })
})

test('what is out of sequence among its neighbours is sorted into its file, and named', async () => {
  const { layout, named } = await runOf({ first: { trainIds: ids(0, 2, 1) } })
  expect(layout.slice(0, 2)).toEqual(['m0s0: 0×2 1×2 2×2', 'm0s1: 3×2 4×2 5×2'])
  expect(named).toHaveLength(1)
})

test('a flagged train with an id of its place is listed where it is, and does not begin its file', async () => {
  const { layout, named } = await runOf({ second: { flags: [0, 1, 1] } })
  expect(layout).toEqual(['m0s0: 0×2 1×2 2×2', 'm0s1: 3×2 4×2 5×2', ...SOUND])
  expect(named).toEqual([`warning ${F + 3}`])
})

test('files whose sequence numbers say otherwise are in the order of their trains, without disorder', async () => {
  const { layout, named } = await runOf({
    first: { trainIds: ids(3, 4, 5) },
    second: { trainIds: ids(0, 1, 2) },
  })
  expect(layout.slice(0, 2)).toEqual(['m0s1: 0×2 1×2 2×2', 'm0s0: 3×2 4×2 5×2'])
  expect(named).toEqual([])
})
