import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GOLDEN_DETECTORS, goldenSignal, writeGoldenDetector } from '../../golden/dark/detectors.js'
import { characterise, digests, planOf, versionsIn } from './dark.js'

// Dark runs of LPD, one a stage and one in parallel gain, and of DSSC, with dead and jumping pixels; what comes out is
// numpy's (test/golden/dark/make_detectors.py), to the bit.
let folder: string
let runs: {
  lpd: Record<string, string>
  'lpd-parallel': Record<string, string>
  dssc: Record<string, string>
}
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-dark-'))
  const write = (name: 'lpd' | 'lpd-parallel' | 'dssc', stage = 0) =>
    writeGoldenDetector(join(folder, name), name, stage)
  runs = {
    lpd: { high: await write('lpd', 0), medium: await write('lpd', 1), low: await write('lpd', 2) },
    'lpd-parallel': { run: await write('lpd-parallel') },
    dssc: { run: await write('dssc') },
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each(['lpd', 'dssc'] as const)('%s has the frames that numpy had', name => {
  const sum = goldenSignal(name, 0, 0, 0).reduce((sum, value) => sum + value, 0)
  expect(sum).toBe(GOLDEN_DETECTORS[name].first)
})

describe.each(['lpd', 'lpd-parallel', 'dssc'] as const)('constants of %s', name => {
  const parallelGain = name === 'lpd-parallel' ? { parallelGain: true } : {}

  it.each([
    [1, 2 ** 30],
    [2, 18 * 2 ** 20],
  ])('are those of numpy, with %i workers and %i bytes of memory', async (workers, memory) => {
    const catalogue = join(folder, `${name}-${workers}`)
    const outcome = await characterise({ runs: runs[name], catalogue, workers, memory, ...parallelGain })
    expect(await digests(catalogue)).toEqual(GOLDEN_DETECTORS[name].sha256)
    const bad = outcome.modules.flatMap(({ stages }) => stages).reduce((sum, stage) => sum + stage.bad, 0)
    expect(bad).toBe(GOLDEN_DETECTORS[name].bad)
  })
})

describe('a dark run in parallel gain', () => {
  it('is the raw data of constants for parallel gain, once', async () => {
    const catalogue = join(folder, 'told')
    const outcome = await characterise({ runs: runs['lpd-parallel'], catalogue, parallelGain: true })
    for (const version of versionsIn(catalogue)) {
      expect(version).toMatchObject({ rawData: 'proposal:700000 runs:1', conditions: { 'Parallel gain': 1 } })
      expect(version.shape).toEqual([256, 256, 2, 3])
    }
    expect(outcome.problems.filter(({ check }) => check === 'few_trains')).toHaveLength(1)
    expect(outcome.frames).toBe(6 * 2 * 3)
  })

  it('of some pulses has these cells, in every stage', async () => {
    const request = { runs: runs['lpd-parallel'], catalogue: join(folder, 'none'), parallelGain: true }
    const plan = await planOf({ ...request, pulses: '1:' })
    expect(plan.modules[0]?.stages.map(({ cells }) => [...cells.keys()])).toEqual([[1], [1], [1]])
    const rows = plan.modules[0]?.stages.map(({ cells }) => [...(cells.get(1)?.[0]?.rows ?? [])].slice(0, 2))
    expect(rows).toEqual([
      [1, 7],
      [3, 9],
      [5, 11],
    ])
  })

  it('is not one of a single stage', async () => {
    const { run = '' } = runs['lpd-parallel']
    const { medium = '', low = '' } = runs.lpd
    const request = { catalogue: join(folder, 'none'), parallelGain: true }
    await expect(planOf({ ...request, runs: { high: run, medium, low } })).rejects.toMatchObject({
      tag: 'usage',
      hint: 'Give it alone, as --run',
    })
    await expect(planOf({ runs: { run: medium }, catalogue: request.catalogue })).rejects.toMatchObject({
      hint: 'Give --high RUN --medium RUN --low RUN, or one in parallel gain as --run RUN, and no other',
    })
  })
})
