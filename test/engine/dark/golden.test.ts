import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makerOf } from '../../../constants/files/layout.js'
import { GOLDEN_DARK, goldenFrame, writeGoldenRun } from '../../golden/dark/index.js'
import { characterise, digests, planOf, REASON_BITS, told, versionsIn } from './dark.js'

// Three dark runs, two sequence files each, odd and even numbers of trains, a cell that one run lacks, pixels that are
// dead, jump over the whole range, or know no gain; what comes out is numpy's (test/golden/dark/make_dark.py), to the bit.
let folder: string
let runs: { high: string; medium: string; low: string }
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-dark-'))
  const [high = '', medium = '', low = ''] = [
    await writeGoldenRun(folder, 0),
    await writeGoldenRun(folder, 1),
    await writeGoldenRun(folder, 2),
  ]
  runs = { high, medium, low }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('has the frames that numpy had', () => {
  expect(goldenFrame(0, 0, 0).reduce((sum, value) => sum + value, 0)).toBe(GOLDEN_DARK.first)
})

describe('offset, noise, thresholds and bad pixels are those of numpy', () => {
  it.each([
    [1, 2 ** 30, 512],
    [2, 2 ** 30, 512],
    [4, 2 ** 30, 512],
    [1, 17.5 * 2 ** 20, 256],
    [2, 19 * 2 ** 20, 128],
  ])('with %i workers and %i bytes of memory, which are strips of about %i rows', async (workers, memory, rows) => {
    const catalogue = join(folder, `catalogue-${workers}-${memory}`)
    const plan = await planOf({ runs, catalogue, workers, memory })
    expect(plan.lanes.bytes).toBeLessThanOrEqual(memory)
    expect(plan.lanes.stripRows).toBeLessThanOrEqual(rows)
    const outcome = await characterise({ runs, catalogue, workers, memory })
    expect(await digests(catalogue)).toEqual(GOLDEN_DARK.sha256)
    const [module] = outcome.modules
    const bits = module?.stages.map(({ reasons }) =>
      Object.fromEntries(
        Object.entries(reasons).map(([name, count]) => [
          REASON_BITS[name as keyof typeof REASON_BITS],
          count,
        ]),
      ),
    )
    // Numpy counts the cell without frames, the summary leaves it out.
    const [high, medium, low] = GOLDEN_DARK.bits
    const { 2: evaluation, 3: _, ...rest } = low ?? {}
    expect(evaluation).toBe(512 * 128)
    expect(bits).toEqual([high, medium, rest])
  })
})

it('compressed frames, which are decoded strip by strip, give the same', async () => {
  const packed = join(folder, 'packed')
  const [high = '', medium = '', low = ''] = await Promise.all(
    [0, 1, 2].map(stage => writeGoldenRun(packed, stage, { compressed: true })),
  )
  const catalogue = join(folder, 'catalogue-packed')
  await characterise({ runs: { high, medium, low }, catalogue, workers: 2, memory: 20 * 2 ** 20 })
  expect(await digests(catalogue)).toEqual(GOLDEN_DARK.sha256)
})

it('says what was wrong with the runs, and what the constants are valid for', async () => {
  const catalogue = join(folder, 'told')
  const outcome = await characterise({ runs, catalogue, conditions: { 'sensor bias voltage': '300' } })
  expect(told(outcome)).toMatchInlineSnapshot(`
    [
      "warning modules_present : no dark data of modules 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15: no constants",
      "warning few_trains r0001: high gain: 9 trains make noise uncertain by 25 %",
      "warning few_trains r0002: medium gain: 6 trains make noise uncertain by 32 %",
      "warning few_trains r0003: low gain: 7 trains make noise uncertain by 29 %",
      "warning dark_cells module 3: the low gain run lacks cells 1, which other runs have: they are marked NO_DARK_DATA",
      "warning conditions_known : unknown, so that the constants will do for any: Gain setting, Integration time. State them with --condition "NAME=VALUE"",
    ]
  `)
  const versions = versionsIn(catalogue)
  expect(versions.map(({ calibration }) => calibration)).toEqual([
    'BadPixelsDark',
    'Noise',
    'Offset',
    'ThresholdsDark',
  ])
  expect(versions[2]).toMatchObject({
    pdu: 'SPB_DET_AGIPD1M-1_M03',
    beginAt: new Date('2023-11-14T22:13:20Z'),
    rawData: 'proposal:700000 runs:1 2 3',
    shape: [128, 512, 2, 3],
    dims: ['fast_scan', 'slow_scan', 'cell', 'gain'],
    dtype: 'f4',
    conditions: {
      'Sensor Bias Voltage': 300,
      'Pixels X': 512,
      'Pixels Y': 128,
      'Memory cells': 4,
      'Acquisition rate': 4.5,
    },
  })
  expect(versions[3]).toMatchObject({
    shape: [128, 512, 2, 5],
    dims: ['fast_scan', 'slow_scan', 'cell', 'threshold'],
  })
})

it('enters the same runs once, to the byte', async () => {
  const catalogue = join(folder, 'again')
  await characterise({ runs, catalogue })
  const again = await characterise({ runs, catalogue, workers: 1 })
  expect(again.versions.map(({ isNew }) => isNew)).toEqual([false, false, false, false])
  expect(versionsIn(catalogue)).toHaveLength(4)
})

it('says in the constants who made them', async () => {
  const catalogue = join(folder, 'made')
  await characterise({ runs, catalogue }, { software: 'detcal 1.2.3+abc' })
  const makers = await Promise.all(versionsIn(catalogue).map(makerOf))
  expect(makers).toEqual(new Array(4).fill('detcal 1.2.3+abc'))
})
