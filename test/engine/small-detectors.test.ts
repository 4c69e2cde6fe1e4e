import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { DSSC } from '../../src/kits/dssc/index.js'
import type { DetectorKit } from '../../src/kits/kit.js'
import { moduleIndex, twoDigits } from '../../src/model/ids.js'
import type { SimulationOptions } from '../../src/simulator/model/options.js'
import { simulate } from '../../src/simulator/simulate.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { correct } from '../helpers/correction.js'
import { characterise, valuesOf, versionsIn } from './dark/dark.js'

// Detectors of other numbers and sizes of modules, by a kit value alone: simulated, characterised, corrected.

const [SLOW, FAST] = [64, 128]
const PIXELS = SLOW * FAST

/** DSSC's chips in a smaller detector. */
function small(moduleCount: number): DetectorKit {
  const name = `SMALL${moduleCount}`
  return {
    ...DSSC,
    detector: {
      ...DSSC.detector,
      ...{ id: name.toLowerCase(), name, moduleCount, slowScan: SLOW, fastScan: FAST },
      rawSource: new RegExp(`^(?<karaboId>[^/]+_${name}[^/]*)/DET/(?<module>\\d+)CH0:xtdf$`),
      correctedSource: new RegExp(`^(?<karaboId>[^/]+_${name}[^/]*)/CORR/(?<module>\\d+)CH0:output$`),
      ...{
        aggregator: name,
        karaboId: `SCS_DET_${name}-1`,
        type: `${name}-type`,
        maxCells: 8,
        cellOptions: [8],
      },
    },
  }
}

const BASE: Omit<SimulationOptions, 'detector' | 'modules' | 'run' | 'kind' | 'trains'> = {
  ...{ proposal: 900_000, cells: 2, trainsPerFile: 64, stage: undefined },
  ...{ energy: 9.2, switched: 0, seed: 5, formatVersion: '1.2' },
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-small-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([1, 2])('a detector of %i module(s) goes all the way', async moduleCount => {
  const kit = small(moduleCount)
  const { detector } = kit
  const kits = [kit]
  const modules = Array.from({ length: moduleCount }, (_, module) => moduleIndex(module))
  const out = join(folder, detector.id)
  const catalogue = join(out, 'catalogue')
  const options = { ...BASE, detector, modules }
  const simulated = { out, catalogue: join(out, 'of-the-simulator'), kits }

  const dark = await simulate({ ...options, run: 1, kind: 'dark', trains: 20 }, simulated)
  const { modules: characterised } = await characterise({ runs: { run: dark.run }, catalogue, kits })
  expect(characterised.map(({ module }) => module)).toEqual(modules)

  const photons = await simulate({ ...options, run: 2, kind: 'photons', trains: 2 }, simulated)
  const run = await openRun(photons.run, { kits })
  expect([...run.modules.keys()]).toEqual(modules)
  expect(run.problems).toEqual([])
  const combined = join(out, 'run.cxi')
  const outcome = await correct({ run: photons.run, catalogue, out: join(out, 'proc'), combined, kits })
  expect(outcome.modules.map(({ module, status }) => [module, status])).toEqual(
    modules.map(module => [module, 'corrected']),
  )

  const frame = await withFile(combined, 'r', file => {
    const data = file.get('entry_1/instrument_1/detector_1/data') as Dataset
    expect(data.shape).toEqual([4, moduleCount, SLOW, FAST])
    return data.slice([[2, 3]]) as unknown as Float32Array
  })
  for (const module of modules) {
    const version = versionsIn(catalogue).find(
      ({ calibration, pdu }) => calibration === 'Offset' && pdu.endsWith(`_M${twoDigits(module)}`),
    )!
    const offsets = (await valuesOf(version)) as Float32Array
    const path = join(photons.run, `RAW-R0002-${detector.aggregator}${twoDigits(module)}-S00000.h5`)
    const raw = await withFile(path, 'r', file => {
      const data = file.get(`INSTRUMENT/${detector.karaboId}/DET/${module}CH0:xtdf/image/data`) as Dataset
      return data.slice([[2, 3]]) as unknown as Uint16Array
    })
    // Frame 2 is cell 0; constants are [fast scan][slow scan][cell].
    const expected = Float32Array.from({ length: PIXELS }, (_, p) => {
      const at = ((p % FAST) * SLOW + Math.floor(p / FAST)) * BASE.cells
      return (raw[p] === 0 ? 256 : raw[p]!) - offsets[at]!
    })
    expect(frame.subarray(module * PIXELS, (module + 1) * PIXELS)).toEqual(expected)
  }
})

test('a run of a detector that no kit is given of is refused by what there is', async () => {
  const out = join(folder, 'refused')
  const kit = small(1)
  const { run } = await simulate(
    { ...BASE, detector: kit.detector, modules: [moduleIndex(0)], run: 1, kind: 'dark', trains: 1 },
    { out, catalogue: join(out, 'c'), kits: [kit] },
  )
  await expect(openRun(run)).rejects.toThrow(/holds no data of AGIPD-1M, LPD-1M, DSSC-1M/)
})
