import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { type Dataset, withFile } from '../../../src/hdf5/library.js'
import { DSSC_1M } from '../../../src/kits/dssc/record.js'
import { LPD_1M } from '../../../src/kits/lpd/record.js'
import { moduleIndex } from '../../../src/model/ids.js'
import { checkOptions, type SimulationOptions } from '../../../src/simulator/model/options.js'
import { simulate } from '../../../src/simulator/simulate.js'
import { openRun } from '../../../src/sources/run/open-run.js'
import { correct } from '../../helpers/correction.js'

const COMMON: Omit<SimulationOptions, 'detector'> = {
  modules: [moduleIndex(6)],
  proposal: 900_123,
  run: 2,
  trains: 2,
  cells: 3,
  trainsPerFile: 8,
  kind: 'photons',
  stage: undefined,
  energy: 9.2,
  switched: 0.01,
  seed: 11,
  formatVersion: '1.2',
}

/** ADU of a photon after correction, noise of a dark pixel in high gain, and signals above which nothing is stored. */
const KINDS = [
  { name: 'lpd', options: { ...COMMON, detector: LPD_1M }, adu: 20.24, noise: 8, full: 150_000 },
  {
    name: 'lpd in parallel gain',
    options: { ...COMMON, detector: LPD_1M, parallelGain: true },
    adu: 20.24,
    noise: 8,
    full: 150_000,
  },
  { name: 'dssc', options: { ...COMMON, detector: DSSC_1M }, adu: 12.88, noise: 0.8, full: 440 },
] as const

describe.each(KINDS)('a simulated run of $name', ({ options, adu, noise, full }) => {
  const { detector, trains, cells } = options
  const parallel = 'parallelGain' in options
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'simulate-'))
    const catalogue = join(folder, 'catalogue')
    await simulate(options, { out: folder, catalogue, truth: join(folder, 'truth.h5'), workers: 2 })
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is read with its conditions, under which its constants are catalogued', async () => {
    const run = await openRun(join(folder, 'raw', 'r0002'))
    expect(run.detector.id).toBe(detector.id)
    expect(run.rawFrames).toBe(parallel ? 3 : 1)
    const [file] = run.modules.get(moduleIndex(6)) ?? []
    expect(file?.trains.map(({ image }) => image.count)).toEqual(Array<number>(trains).fill(cells))
    const catalogue = SqliteCatalogue.open(join(folder, 'catalogue'))
    try {
      const query = {
        detector,
        karaboId: run.karaboId,
        modules: [moduleIndex(6)],
        calibrations: detector.calibrations.map(({ name }) => name),
        at: run.time ?? new Date(),
        strategy: 'closest' as const,
      }
      const found = async (conditions: Record<string, number | string>) =>
        [
          ...((await catalogue.find({ ...query, conditions })).get(moduleIndex(6))?.constants.keys() ?? []),
        ].sort()
      const all = query.calibrations.sort()
      expect(await found(run.conditions)).toEqual(all)
      expect(Object.keys(run.conditions).length).toBeGreaterThanOrEqual(2)
      const other =
        detector.id === 'lpd1m' ? { 'Parallel gain': parallel ? 0 : 1 } : { 'Pulse id checksum': 0.5 }
      expect(await found({ ...run.conditions, ...other })).not.toContain('Offset')
    } finally {
      catalogue.close()
    }
  })

  test('is corrected to what was simulated', async () => {
    const out = join(folder, 'out')
    const run = join(folder, 'raw', 'r0002')
    const outcome = await correct({ run, catalogue: join(folder, 'catalogue'), out })
    expect(outcome.problems.filter(({ severity }) => severity === 'error')).toEqual([])
    const image = `INSTRUMENT/${detector.karaboId}/CORR/6CH0:output/image`
    const corrected = join(out, `CORR-R0002-${detector.aggregator}06-S00000.h5`)
    const values = (path: string, dataset: string) =>
      withFile(path, 'r', file => (file.get(dataset) as Dataset).value as unknown as ArrayLike<number>)
    const truth = join(folder, 'truth.h5')
    const [photons, stages] = [await values(truth, 'module06/photons'), await values(truth, 'module06/stage')]
    const [data, gain, mask] = [
      await values(corrected, `${image}/data`),
      await values(corrected, `${image}/gain`),
      await values(corrected, `${image}/mask`),
    ]
    expect(data.length).toBe(trains * cells * detector.slowScan * detector.fastScan)
    let [sum, squares, good, wrongStage, switched, far] = [0, 0, 0, 0, 0, 0]
    for (let i = 0; i < data.length; i++) {
      const expected = photons[i]! * adu
      if (mask[i] !== 0 || expected > full) continue
      if (!parallel && gain[i] !== stages[i]) wrongStage++
      if (gain[i] !== 0) switched++
      // Sensitivity is known to a per cent, noise grows with the stage.
      if (Math.abs(data[i]! - expected) > 0.1 * expected + 6 * noise * 100 ** (gain[i]! / 2)) far++
      if (photons[i] !== 0) continue
      good++
      sum += data[i]!
      squares += data[i]! ** 2
    }
    expect(wrongStage).toBe(0)
    expect(far / data.length).toBeLessThan(1e-4)
    expect(Math.abs(sum / good)).toBeLessThan((5 * noise) / Math.sqrt(good))
    expect(Math.sqrt(squares / good)).toBeGreaterThan(0.8 * noise)
    expect(Math.sqrt(squares / good)).toBeLessThan(1.3 * noise)
    if (detector.id === 'lpd1m') expect(switched / data.length).toBeGreaterThan(0.005)
  })
})

test('DSSC stores 256 as 0, and no level as 0', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'simulate-'))
  try {
    const options = { ...COMMON, detector: DSSC_1M, switched: 0.2, trains: 1 }
    await simulate(options, { out: folder, catalogue: join(folder, 'catalogue'), workers: 1 })
    const path = join(folder, 'raw/r0002/RAW-R0002-DSSC06-S00000.h5')
    const data = await withFile(
      path,
      'r',
      file =>
        (file.get(`INSTRUMENT/${DSSC_1M.karaboId}/DET/6CH0:xtdf/image/data`) as Dataset)
          .value as unknown as Uint16Array,
    )
    expect(data.includes(256)).toBe(false)
    expect(data.reduce((most, value) => Math.max(most, value), 0)).toBe(511)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('options that a detector does not have are usage errors', () => {
  const check = (options: Partial<SimulationOptions>) => () =>
    checkOptions({ ...COMMON, detector: LPD_1M, ...options })
  expect(check({ parallelGain: true })).not.toThrow()
  expect(check({ detector: DSSC_1M, parallelGain: true })).toThrow(/DSSC-1M has no parallel gain/)
  expect(check({ detector: DSSC_1M, stage: 1 })).toThrow(/DSSC-1M has no gain stages/)
  expect(check({ parallelGain: true, stage: 1 })).toThrow(/every stage is stored/)
  expect(check({ cells: 513 })).toThrow(/--cells 513/)
})
