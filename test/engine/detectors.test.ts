import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DSSC_1M } from '../../src/kits/dssc/record.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { type ExpectedRun, GOLDEN_RUNS, unpackDetectorRun } from '../golden/detectors/index.js'
import { correct, importGolden, readBack } from '../helpers/correction.js'

// Runs written by h5py, constants without names of their axes; the expectation comes from numpy
// (test/golden/detectors/make_runs.py). Equal means equal bits.
describe.each(GOLDEN_RUNS)('the golden run of %s', name => {
  const detector = name === 'dssc' ? DSSC_1M : LPD_1M
  let folder: string
  let catalogue: string
  let golden: ExpectedRun & { readonly path: string }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'detcal-golden-'))
    golden = unpackDetectorRun(name, folder)
    catalogue = join(folder, 'catalogue')
    await importGolden(golden, folder, catalogue, detector)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('tells its conditions', async () => {
    const run = await openRun(golden.path)
    expect(run).toMatchObject({ detector, karaboId: golden.karaboId, conditions: golden.conditions })
    expect(run.rawFrames).toBe(name === 'lpd-parallel' ? 3 : 1)
  })

  it.each([1, 2])('is bit-identical to numpy with %i workers', async workers => {
    const out = join(folder, `out-${workers}`)
    const outcome = await correct({ run: golden.path, catalogue, out, workers })
    expect(outcome.modules.map(({ status }) => status)).toEqual(outcome.modules.map(() => 'corrected'))
    let files = 0
    for (const [module, sequences] of Object.entries(golden.modules))
      for (const { sequence, trains, counts, pulseIds, cellIds, frames } of sequences) {
        const file = `CORR-R0001-${golden.aggregator}${module.padStart(2, '0')}-S${String(sequence).padStart(5, '0')}.h5`
        const found = await readBack(join(out, file), golden.karaboId, Number(module))
        expect(found).toEqual({ trains, counts, flags: trains.map(() => 1), pulseIds, cellIds, frames })
        files++
      }
    expect(readdirSync(out).filter(file => file.endsWith('.h5'))).toHaveLength(files)
  })

  it('gives the same bits for some pulses alone, wherever their raw frames lie', async () => {
    const out = join(folder, 'some')
    await correct({
      run: golden.path,
      catalogue,
      out,
      memory: 24 * 1024 ** 2,
      workers: 1,
      pulses: '1:',
    })
    const [whole] = golden.modules['0'] ?? []
    const found = await readBack(join(out, `CORR-R0001-${golden.aggregator}00-S00000.h5`), golden.karaboId, 0)
    expect(found.frames).toEqual(whole?.frames.filter((_, i) => i % 3 !== 0))
  })
})
