import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { badPixelMask } from '../../../constants/model/bad-pixels.js'
import { DSSC_1M } from '../../../src/kits/dssc/record.js'
import { kitOf } from '../../../src/kits/index.js'
import { LPD_1M } from '../../../src/kits/lpd/record.js'
import type { GainStage } from '../../../src/model/ids.js'
import { moduleIndex } from '../../../src/model/ids.js'
import { bitsOf, KIND } from '../../../src/simulator/model/bad-pixels.js'
import { darkLevelOf } from '../../../src/simulator/model/module-model.js'
import type { SimulationOptions } from '../../../src/simulator/model/options.js'
import { modelModule } from '../../../src/simulator/model-module.js'
import { simulate } from '../../../src/simulator/simulate.js'
import { characterise, valuesOf, versionsIn } from './dark.js'

const TRAINS = 120
const MODULE = moduleIndex(5)
const BASE = {
  modules: [MODULE],
  proposal: 900_000,
  trains: TRAINS,
  cells: 1,
  trainsPerFile: 80,
  kind: 'dark',
  energy: 9.2,
  switched: 0,
  seed: 21,
  formatVersion: '1.2',
} as const

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-dark-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function darkRunOf(
  options: Pick<SimulationOptions, 'detector' | 'run' | 'stage'>,
  more = {},
): Promise<string> {
  const out = join(folder, options.detector.id)
  const { run } = await simulate(
    { ...BASE, ...options, ...more },
    { out, catalogue: join(out, 'c'), workers: 2 },
  )
  return run
}

describe.each([
  {
    detector: LPD_1M,
    runNames: ['high', 'medium', 'low'],
    stages: 3,
    conditions: { 'Parallel gain': 0, 'Memory cells': 512 },
  },
  {
    detector: LPD_1M,
    runNames: ['run'],
    stages: 3,
    parallelGain: true,
    conditions: { 'Parallel gain': 1, 'Memory cells': 512 },
  },
  { detector: DSSC_1M, runNames: ['run'], stages: 1, conditions: { 'Target gain': 2.5 } },
])('dark runs of $detector.name: $runNames', ({
  detector,
  runNames,
  stages,
  conditions,
  parallelGain = false,
}) => {
  let catalogue: string
  const runs: Record<string, string> = {}
  beforeAll(async () => {
    catalogue = join(folder, `${detector.id}-${parallelGain}-catalogue`)
    for (const [i, name] of runNames.entries()) {
      const stage = runNames.length === 1 ? undefined : (i as GainStage)
      runs[name] = await darkRunOf({ detector, run: parallelGain ? 9 : i + 1, stage }, { parallelGain })
    }
    await characterise({ runs, catalogue })
  }, 60_000)

  it('become Offset, Noise and BadPixelsDark under their conditions', () => {
    const versions = versionsIn(catalogue)
    expect(versions.map(({ calibration }) => calibration)).toEqual(['BadPixelsDark', 'Noise', 'Offset'])
    for (const version of versions) {
      expect(version.shape).toEqual([detector.fastScan, detector.slowScan, 1, stages])
      expect(version.dims).toEqual(['fast_scan', 'slow_scan', 'cell', 'gain'])
      expect(version.pdu).toBe(`${detector.karaboId}_M05`)
      expect(version.conditions).toMatchObject(conditions)
    }
  })

  it('give the offsets and noises that were simulated, and find what is bad', async () => {
    const [bad, noise, offset] = await Promise.all(versionsIn(catalogue).map(valuesOf))
    const model = modelModule(kitOf(detector), MODULE, 1, BASE.energy, BASE.seed)
    const missed: number[] = []
    const far: string[] = []
    let others = 0
    for (let pixel = 0; pixel < model.pixels; pixel++) {
      const [ss, fs] = [Math.floor(pixel / detector.fastScan), pixel % detector.fastScan]
      const kind = model.kinds[pixel] ?? 0
      const planted = kind === KIND.uncalibrated ? ([0, 0, 0] as const) : bitsOf('BadPixelsDark', kind)
      for (let stage = 0; stage < stages; stage++) {
        const at = (fs * detector.slowScan + ss) * stages + stage
        const mask = bad![at]!
        const expected = planted[stage as GainStage]
        if ((mask & expected) !== expected) missed.push(pixel)
        if (mask & ~expected) others++
        if (kind !== KIND.good) continue
        const sigma = model.noise[stage as GainStage][pixel]!
        // Six standard deviations of a median, and the step of the numbers.
        const error = 6 * 1.26 * (sigma / Math.sqrt(TRAINS)) + 0.5
        const shift = Math.abs(offset![at]! - darkLevelOf(model, stage as GainStage, 0, pixel))
        const width = noise![at]! / Math.sqrt(sigma ** 2 + 1 / 12)
        if (!(shift < error && width > 0.6 && width < 1.4)) far.push(`${pixel} ${stage}: ${shift} ${width}`)
      }
    }
    expect(far).toEqual([])
    expect(missed).toEqual([])
    expect(others / (stages * model.pixels)).toBeLessThan(0.003)
    expect(bad!.some(mask => mask & badPixelMask('GAIN_THRESHOLDING_ERROR'))).toBe(false)
  })
})

describe('runs of the wrong stage', () => {
  it('are told by the gain bits of LPD', async () => {
    const root = join(folder, LPD_1M.id, 'raw')
    const [high, medium, low] = [1, 3, 2].map(run => join(root, `r000${run}`))
    const running = characterise({
      runs: { high: high ?? '', medium: medium ?? '', low: low ?? '' },
      catalogue: join(folder, 'wrong'),
    })
    await expect(running).rejects.toThrow(/the pixels of the medium gain run are in low gain/)
  })
})
