import { describe, expect, test } from 'vitest'
import { memoryCellOrder } from '../../src/kits/lpd/conditions.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { joinRun } from '../../src/sources/run/join.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { framesWithIds } from '../../src/sources/run/parallel-gain.js'
import type { Run } from '../../src/sources/run/run.js'
import { type ModuleSpec, scratch, writeControl, writeModule } from '../helpers/exdf.js'

const LPD: ModuleSpec = {
  karaboId: 'FXE_DET_LPD1M-1',
  frame: [1, 256, 256],
  trainIds: [1000, 1001, 1002],
  counts: [6, 0, 7],
  pulseIds: [4, 8, 0, 0, 4, 8, 4, 8, 12, 16, 20, 24, 28],
  cellIds: [5, 2, 60000, 60000, 60000, 60000, 5, 2, 1, 1, 1, 1, 1],
}

/** Frames of each train of module 0. */
function countsOf(run: Run): number[] {
  return [...run.modules.values()].flat().flatMap(({ trains }) => trains.map(({ image }) => image.count))
}

describe('a run in parallel gain', () => {
  test('has the pulses of the first third of each train', async () => {
    const folder = scratch()
    await writeModule(folder, LPD)
    const run = await openRun(folder, { parallelGain: true })
    expect(run.rawFrames).toBe(3)
    const [file] = run.modules.get(0 as never) ?? []
    expect(file?.trains.map(({ image }) => image)).toEqual([
      { first: 0, count: 2 },
      { first: 6, count: 0 },
      { first: 6, count: 0 },
    ])
    expect(run.conditions).toMatchObject({ 'Parallel gain': 1 })
    expect(run.problems.filter(({ check }) => check === 'parallel_gain')).toMatchObject([
      { severity: 'error', place: { module: 0, train: 1002 } },
    ])
  })

  test('is one whose control data or option say so, else trains whose ids repeat are left out', async () => {
    const folder = scratch()
    await writeModule(folder, LPD)
    const run = await openRun(folder)
    expect(countsOf(run)).toEqual([0, 0, 0])
    expect(run.problems.filter(({ severity }) => severity === 'error')).toMatchObject([
      {
        check: 'parallel_gain',
        message: expect.stringMatching(/^pulse ids begin anew .*left out\. Say --parallel-gain/),
      },
      {
        check: 'image_ids',
        message: expect.stringMatching(/^a cell is there twice.*--parallel-gain/),
      },
    ])
    expect(() => joinRun(run)).toThrow(/Say --parallel-gain/)
  })

  const CONTROL = 'FXE_DET_LPD1M-1/COMP/FEM_MDL_COMP'
  const ids = (pulses: readonly number[], cells = pulses): ModuleSpec => ({
    ...LPD,
    trainIds: [1000, 1001],
    counts: [pulses.length, 3],
    pulseIds: [...pulses, 0, 4, 8],
    cellIds: [...cells, 0, 1, 2],
  })

  test.each<[string, readonly number[], readonly number[] | undefined]>([
    ['zero behind the first third', [0, 1, 2, 0, 0, 0, 0, 0, 0], undefined],
    ['repeated in each third', [0, 1, 2, 0, 1, 2, 0, 1, 2], undefined],
    ['repeated, but of cells that go on', [4, 8, 4, 8, 4, 8], [0, 1, 2, 3, 4, 5]],
    ['of one pulse in each stage', [7, 7, 7], undefined],
    ['of some value behind the first third', [0, 1, 2, 77, 77, 77, 77, 77, 77], undefined],
    ['of cells out of range', [4, 8, 0, 0, 0, 0], [3, 4, 60000, 60000, 60000, 60000]],
  ])('that nothing tells of shows in ids %s: the train is left out, others are not', async (_, pulses, cells) => {
    const folder = scratch()
    await writeModule(folder, ids(pulses, cells))
    const run = await openRun(folder)
    expect(countsOf(run)).toEqual([0, 3])
    expect(run.problems.filter(({ severity }) => severity === 'error')).toMatchObject([
      { check: 'parallel_gain', place: { module: 0, train: 1000 } },
    ])
    expect(joinRun(run).frames).toBe(3)
    expect(countsOf(await openRun(folder, { parallelGain: true }))).toEqual([pulses.length / 3, 1])
  })

  test('that control data deny, or tell of against the ids, is named as a contradiction', async () => {
    const folder = scratch()
    await writeModule(folder, ids([0, 1, 2, 0, 0, 0, 0, 0, 0]))
    await writeControl(folder, { [CONTROL]: { femAsicGainOverride: 0 } })
    const off = await openRun(folder)
    expect(off.problems.find(({ check }) => check === 'parallel_gain')?.message).toMatch(
      /which control data deny/,
    )
    expect(off.conditionSources).toMatchObject({ 'Parallel gain': 'control data' })
    await writeControl(folder, { [CONTROL]: { femAsicGainOverride: 1 } })
    const on = await openRun(folder)
    expect(countsOf(on)).toEqual([3, 1])
    expect(on.problems.filter(({ check }) => check === 'parallel_gain')).toMatchObject([
      {
        severity: 'warning',
        message: expect.stringMatching(/rise through the whole train/),
        place: { train: 1001 },
      },
    ])
  })

  test('of which one id looks is none: that id is wrong', async () => {
    const folder = scratch()
    await writeModule(folder, ids([0, 4, 9000, 12, 16, 20, 24, 28, 32], [0, 1, 2, 3, 4, 5, 6, 7, 8]))
    const run = await openRun(folder)
    expect(countsOf(run)).toEqual([9, 3])
    expect(run.conditionSources).toMatchObject({ 'Parallel gain': 'frames' })
  })

  test('is a usage error for a detector that has none', async () => {
    const folder = scratch()
    await writeModule(folder, { trainIds: [1000], counts: [3] })
    await expect(openRun(folder, { parallelGain: true })).rejects.toMatchObject({
      tag: 'usage',
      message: 'AGIPD-1M has no parallel gain',
    })
  })
})

describe('ids that repeat within a train', () => {
  test.each(['SPB_DET_AGIPD1M-1', 'SCS_DET_DSSC1M-1'])('of %s are named', async karaboId => {
    const folder = scratch()
    await writeModule(folder, {
      karaboId,
      frame: karaboId.includes('DSSC') ? [1, 128, 512] : [2, 512, 128],
      trainIds: [1000, 1001, 1002],
      counts: [3, 3, 3],
      pulseIds: [0, 4, 8, 0, 4, 4, 0, 4, 8],
      cellIds: [0, 1, 0, 0, 1, 2, 0, 1, 2],
    })
    const run = await openRun(folder)
    expect(countsOf(run)).toEqual([0, 3, 3])
    expect(run.problems.filter(({ check }) => check === 'image_ids')).toMatchObject([
      { severity: 'error', message: expect.stringMatching(/a cell is there twice/), place: { train: 1000 } },
      {
        severity: 'error',
        message: expect.stringMatching(/a pulse is there twice/),
        place: { train: 1001 },
      },
    ])
  })
})

test.each([
  [[0, 4, 8, 0, 4, 8, 0, 4, 8], 3],
  [[0, 4, 8, 0, 0, 0, 0, 0, 0], 3],
  [[0, 4, 8, 12, 16, 20, 24, 28, 32], 9],
  [[0, 4, 4, 0, 0, 0, 0, 0, 0], 9],
  [[0, 4, 0, 4], 4],
  [[7, 7, 7], 1],
])('of pulse ids %j the first %i are valid', (ids, valid) => {
  expect(framesWithIds(LPD_1M, ids, { first: 0, count: ids.length })).toBe(valid)
})

test('cells are in an order of their own where it decreases somewhere', () => {
  expect(memoryCellOrder([0, 1, 2, 3])).toBeUndefined()
  expect(memoryCellOrder([3, 1, 2])).toBe('3,1,2,')
  expect(memoryCellOrder([0, 1, 1])).toBeUndefined()
  expect(memoryCellOrder([1, 0])).toBeUndefined()
  expect(memoryCellOrder([])).toBeUndefined()
})
