import { describe, expect, test } from 'vitest'
import { LPD_1M } from '../../src/detectors/lpd1m.js'
import { memoryCellOrder } from '../../src/sources/conditions/lpd.js'
import { openRun } from '../../src/sources/open-run.js'
import { framesWithIds } from '../../src/sources/parallel-gain.js'
import { type ModuleSpec, scratch, writeModule } from '../helpers/exdf.js'

const LPD: ModuleSpec = {
  karaboId: 'FXE_DET_LPD1M-1',
  frame: [1, 256, 256],
  trainIds: [1000, 1001, 1002],
  counts: [6, 0, 7],
  pulseIds: [4, 8, 0, 0, 4, 8, 4, 8, 12, 16, 20, 24, 28],
  cellIds: [5, 2, 60000, 60000, 60000, 60000, 5, 2, 1, 1, 1, 1, 1],
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

  test('is one whose control data or option say so, else all ids are believed', async () => {
    const folder = scratch()
    await writeModule(folder, LPD)
    const named = (await openRun(folder)).problems.filter(({ check }) => check === 'image_ids')
    expect(named.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/frame 2: 60000, .* with an impossible cell id, LPD-1M has 512/),
    )
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
