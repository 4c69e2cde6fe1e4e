import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import type { ModuleIndex } from '../../src/model/ids.js'
import { disturbanceOf } from '../../src/simulator/disturbance.js'
import type { SimulationOptions } from '../../src/simulator/model/options.js'
import { simulate } from '../../src/simulator/simulate.js'
import { correct } from '../helpers/correction.js'

// What the simulator's electronics add is found again: common mode, baseline, and behind them the planted photons.

const PIXELS = 512 * 128
const MODULE = 2 as ModuleIndex
const OPTIONS: SimulationOptions = {
  ...{ detector: AGIPD_1M, modules: [MODULE], proposal: 900_000, run: 1, kind: 'photons', stage: undefined },
  ...{ trains: 8, trainsPerFile: 8, cells: 32, energy: 9.2, switched: 0.004, seed: 11, formatVersion: '1.2' },
}
const OFFSET = 'threshold,low-medium-gap,force-mg-if-below,force-hg-if-below,offset'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-loop-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Image {
  readonly trainId: number
  readonly cell: number
  readonly data: Float32Array | Int16Array
  readonly mask: Uint32Array
  readonly photons: Uint16Array
  readonly stages: Uint8Array
  readonly shift: number
}

async function images(
  name: string,
  added: Partial<SimulationOptions>,
  request: Partial<Parameters<typeof correct>[0]>,
): Promise<{ options: SimulationOptions; images: Image[] }> {
  const options = { ...OPTIONS, ...added }
  const out = join(folder, name)
  const truth = join(out, 'truth.h5')
  await simulate(options, { out, catalogue: join(out, 'catalogue'), truth, workers: 2 })
  const run = join(out, 'raw', 'r0001')
  const outcome = await correct({
    run,
    catalogue: join(out, 'catalogue'),
    out: join(out, 'proc'),
    ...request,
  })
  expect(outcome.modules).toMatchObject([{ status: 'corrected' }])
  const { photons, stages } = await withFile(truth, 'r', file => ({
    photons: (file.get('module02/photons') as Dataset).value as Uint16Array,
    stages: (file.get('module02/stage') as Dataset).value as Uint8Array,
  }))
  const corr = join(out, 'proc', 'CORR-R0001-AGIPD02-S00000.h5')
  const found = await withFile(corr, 'r', file => {
    const at = 'INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/2CH0:output/image'
    const value = (dataset: string) => (file.get(`${at}/${dataset}`) as Dataset | null)?.value
    const data = value('data') as Float32Array | Int16Array
    const mask = value('mask') as Uint32Array
    const shifts = value('blShift') as Float32Array | undefined
    const trainIds = Array.from(value('trainId') as BigUint64Array, Number)
    const cells = value('cellId') as Uint16Array
    return trainIds.map((trainId, i): Image => {
      const part = <T extends { subarray(from: number, to: number): T }>(all: T) =>
        all.subarray(i * PIXELS, (i + 1) * PIXELS)
      // Frames of the truth lie in the same order.
      return {
        ...{ trainId, cell: cells[i] ?? 0, shift: shifts?.[i] ?? 0 },
        data: data instanceof Float32Array ? part(data) : part(data),
        ...{ mask: part(mask), photons: part(photons), stages: part(stages) },
      }
    })
  })
  rmSync(out, { recursive: true })
  return { options, images: found }
}

const asicOf = (p: number): number => (p >> 13) * 2 + ((p >> 6) & 1)

it('of a common mode of 6 ADU less than 0.2 ADU rms is left', async () => {
  const steps = `${OFFSET},common-mode,mask`
  const { options, images: found } = await images('mode', { commonMode: 6 }, { steps })
  let [squares, planted, count] = [0, 0, 0]
  for (const { trainId, cell, data, mask, photons, stages } of found) {
    const { asics } = disturbanceOf(options, { module: MODULE, trainId, cell })!
    const sums = new Float64Array(16)
    const counts = new Float64Array(16)
    for (let p = 0; p < PIXELS; p++) {
      if (mask[p] !== 0 || stages[p] !== 0 || photons[p] !== 0) continue
      sums[asicOf(p)]! += data[p]!
      counts[asicOf(p)]!++
    }
    for (let asic = 0; asic < 16; asic++) {
      if (counts[asic]! < 0.15 * 4096) continue
      squares += (sums[asic]! / counts[asic]!) ** 2
      planted += asics[asic]! ** 2
      count++
    }
  }
  expect(count).toBeGreaterThan(0.8 * 16 * found.length)
  expect(Math.sqrt(planted / count)).toBeGreaterThan(5)
  expect(Math.sqrt(squares / count)).toBeLessThan(0.2)
}, 120_000)

it('baselines are found to 1 ADU', async () => {
  const steps = `${OFFSET},baseline-noise`
  const { options, images: found } = await images('baseline', { baselineShift: 80 }, { steps })
  const errors = found.map(({ trainId, cell, shift }) =>
    Math.abs(shift - disturbanceOf(options, { module: MODULE, trainId, cell })!.baseline),
  )
  expect(Math.max(...errors)).toBeLessThan(1)
}, 120_000)

it('one to five photons are counted rightly in 99.9 % of the pixels', async () => {
  const { images: found } = await images(
    'photons',
    { commonMode: 3 },
    {
      steps: `${OFFSET},common-mode,relative-gain,xray-gain,mask,range,round-photons`,
      ...{ photonEnergy: 9.2, aduPerKev: 7.07 },
    },
  )
  let [right, all] = [0, 0]
  for (const { data, mask, photons, stages } of found)
    for (let p = 0; p < PIXELS; p++) {
      const planted = photons[p]!
      if (mask[p] !== 0 || stages[p] !== 0 || planted < 1 || planted > 5) continue
      all++
      if (data[p] === planted) right++
    }
  expect(all).toBeGreaterThan(1e6)
  expect(right / all).toBeGreaterThanOrEqual(0.999)
}, 120_000)
