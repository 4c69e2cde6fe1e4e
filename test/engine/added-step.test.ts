import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { writeConstants } from '../../constants/files/write.js'
import type { PlaneRecipe } from '../../src/corrections/planes.js'
import { BY_GAIN } from '../../src/detectors/calibration.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import type { DetectorKit } from '../../src/kits/kit.js'
import { LPD } from '../../src/kits/lpd/index.js'
import { unpackDetectorRun } from '../golden/detectors/index.js'
import { correct, importGolden } from '../helpers/correction.js'

// What a further step takes: a kit made of the detector's own, with a calibration, a step and what it does to the planes.
// The kernel is LPD's: it multiplies by one plane, of which the step is one more factor.

const STEP = 'polarization'
const CALIBRATION = 'PolarizationMap'
const { detector, corrections } = LPD

const POLARIZED: DetectorKit = {
  ...LPD,
  detector: {
    ...detector,
    calibrations: [
      ...detector.calibrations,
      { name: CALIBRATION, kind: 'float', conditions: 'illuminated', planes: [3], ...BY_GAIN },
    ],
  },
  corrections: {
    ...corrections,
    steps: { ...corrections.steps, [STEP]: { built: true, needs: ['ff-map'] } },
    defaultSteps: [...corrections.defaultSteps, STEP],
    resolve(request) {
      const chain = corrections.resolve({ ...request, steps: request.steps.filter(step => step !== STEP) })
      if (!request.steps.includes(STEP)) return chain
      if (!request.available.has(CALIBRATION))
        return { ...chain, skipped: [...chain.skipped, { step: STEP, reason: `there is no ${CALIBRATION}` }] }
      return { ...chain, steps: [...chain.steps, STEP], planes: chain.planes.map(polarized) }
    },
  },
}

function polarized(plane: PlaneRecipe): PlaneRecipe {
  return plane.kind === 'product' ? { ...plane, calibrations: [...plane.calibrations, CALIBRATION] } : plane
}

/** Signs: the only factors that no number, however small, is rounded by. */
const factorAt = (pixel: number, stage: number): number => 1 - 2 * ((pixel + stage) % 2)

let folder: string
let golden: ReturnType<typeof unpackDetectorRun>
let catalogue: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-step-'))
  golden = unpackDetectorRun('lpd', folder)
  catalogue = join(folder, 'catalogue')
  await importGolden(golden, folder, catalogue, detector)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Corrected {
  readonly data: Float32Array
  readonly gain: Uint8Array
  readonly warnings: readonly string[]
}

async function corrected(name: string, kits?: readonly DetectorKit[]): Promise<Corrected> {
  const out = join(folder, name)
  const outcome = await correct({ run: golden.path, catalogue, out, ...(kits && { kits }) })
  expect(outcome.modules[0]).toMatchObject({ module: 0, status: 'corrected' })
  return withFile(join(out, `CORR-R0001-${golden.aggregator}00-S00000.h5`), 'r', file => {
    const image = (dataset: string) =>
      (file.get(`INSTRUMENT/${golden.karaboId}/CORR/0CH0:output/image/${dataset}`) as Dataset)
        .value as unknown
    const warnings = outcome.problems.map(({ message }) => message)
    return { data: image('data') as Float32Array, gain: image('gain') as Uint8Array, warnings }
  })
}

/** Of so many numbers `toEqual` would take seconds. */
function expectSame(found: Float32Array, expected: Float32Array): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) =>
    Buffer.from(buffer, byteOffset, byteLength)
  expect(bytes(found).equals(bytes(expected))).toBe(true)
}

test('a step is a value: skipped without its constant, done with it, and nothing of it elsewhere', async () => {
  const plain = await corrected('plain')
  const without = await corrected('without', [POLARIZED])
  expectSame(without.data, plain.data)
  expect(without.warnings).toContainEqual(expect.stringContaining(`there is no ${CALIBRATION}`))

  const { slowScan, fastScan } = detector
  const [{ pdu = '', begin = 0 } = {}] = golden.constants.filter(({ module }) => module === 0)
  const cells = 1 + Math.max(...golden.modules['0']!.flatMap(({ cellIds }) => cellIds))
  const file = join(folder, 'polarization.h5')
  const shape = [slowScan, fastScan, cells, 3]
  const data = Float32Array.from({ length: slowScan * fastScan * cells * 3 }, (_, i) =>
    factorAt(Math.floor(i / (cells * 3)), i % 3),
  )
  const dims = ['slow_scan', 'fast_scan', 'cell', 'gain']
  await writeConstants(file, [{ pdu, calibration: CALIBRATION, shape, dims, dtype: 'f4', data }])
  const open = SqliteCatalogue.open(catalogue, 'write')
  await importConstants(open, {
    ...{ files: [file], detector: POLARIZED.detector, detectorName: golden.karaboId, module: 0, pdu },
    beginAt: new Date(begin * 1000),
  }).finally(() => open.close())

  expectSame((await corrected('again')).data, plain.data)
  const { data: scaled, gain } = await corrected('with', [POLARIZED])
  const pixels = slowScan * fastScan
  const expected = plain.data.map((value, i) => value * factorAt(i % pixels, gain[i] ?? 0))
  expectSame(scaled, expected)
})
