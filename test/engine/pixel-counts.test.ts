import { readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PixelCounts } from '../../src/engine/contract/pixel-counts.js'
import type { CorrectionOutcome } from '../../src/engine/run/outcome.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { detcal } from '../helpers/command.js'
import { correct, type GoldenPlace, goldenChain, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

// What a correction says of gain stages and masks is what its files hold, to the pixel.
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

/** Counted in the file of a module by the library, pixel by pixel. */
async function countedIn(path: string): Promise<PixelCounts> {
  const source = (root: { keys(): string[] }) => root.keys()
  return withFile(path, 'r', file => {
    const detector = source(file.get('INSTRUMENT') as never)[0] ?? ''
    const module = source(file.get(`INSTRUMENT/${detector}/CORR`) as never)[0] ?? ''
    const values = (name: string) =>
      (file.get(`INSTRUMENT/${detector}/CORR/${module}/image/${name}`) as Dataset).value as Uint32Array
    const [gain, mask] = [values('gain'), values('mask')]
    const stages = [0, 0, 0]
    for (const stage of gain) stages[stage] = (stages[stage] ?? 0) + 1
    return { all: gain.length, stages, masked: mask.reduce((sum, bits) => sum + (bits === 0 ? 0 : 1), 0) }
  })
}

async function expectCounts(outcome: CorrectionOutcome): Promise<void> {
  for (const { module, sequences } of outcome.modules)
    for (const { output, pixels } of sequences)
      expect([module, pixels]).toEqual([module, await countedIn(output ?? '')])
}

test.each([
  'default',
  'high',
  'medium-gain',
  'every-map',
] as const)('of the golden run, chain %s', async chain => {
  const { golden, catalogue } = place
  const request = { run: golden.path, catalogue, ...goldenChain(golden, chain) }
  for (const workers of [1, 2])
    await expectCounts(await correct({ ...request, out: join(scratch(), 'o'), workers }))
})

describe.each([
  // Few pixels switch: they are listed; then so many that whole planes are stored.
  ['agipd1m', '0.004'],
  ['agipd1m', '0.6'],
  ['lpd1m', '0.02'],
  ['dssc1m', '0'],
])('of a simulated run of %s of which a share of %s leaves high gain', (detector, switched) => {
  test('high, medium, low and masked', async () => {
    const folder = scratch()
    const size = ['--trains', '3', '--cells', '2', '--modules', '0,5', '--switched', switched]
    expect(detcal('simulate', folder, '--detector', detector, ...size)).toMatchObject({ status: 0 })
    const request = { run: join(folder, 'raw', 'r0001'), catalogue: join(folder, 'catalogue') }
    const outcome = await correct({ ...request, out: join(folder, 'proc') })
    await expectCounts(outcome)
    const { stages = [] } = outcome.modules[0]?.sequences[0]?.pixels ?? {}
    if (switched !== '0') expect(Math.min(...stages.slice(1))).toBeGreaterThan(0)
  })
})

test('frames of a module that failed do not count, and the summary has shares', () => {
  const folder = scratch()
  const size = ['--trains', '3', '--cells', '2', '--modules', '0,5', '--switched', '0.02']
  expect(detcal('simulate', folder, '--detector', 'agipd1m', ...size)).toMatchObject({ status: 0 })
  const raw = join(folder, 'raw', 'r0001')
  const [, last = ''] = readdirSync(raw).filter(name => name.includes('AGIPD'))
  truncateSync(join(raw, last), 1_000_000)
  const args = ['correct', raw, '--catalogue', join(folder, 'catalogue'), '--out', join(folder, 'proc')]
  const { status, stdout } = detcal(...args, '--overwrite')
  expect(status).toBe(1)
  expect(stdout).toMatch(
    /^module +status +files +frames +high, % +medium, % +low, % +masked, % +first file$/m,
  )
  expect(stdout).toMatch(/^ +0 +corrected +1 +6 +9\d\.\d{3} +\d\.\d{3} +\d\.\d{3} +\d\.\d{3} +CORR/m)
  const json = JSON.parse(detcal(...args, '--overwrite', '--json').stdout) as CorrectionOutcome & {
    modules: { pixels: PixelCounts }[]
  }
  expect(json.frames).toBe(6)
  expect(json.rawBytes).toBe(6 * 2 * 2 * 512 * 128)
  expect(json.modules[0]?.pixels.all).toBe(6 * 512 * 128)
})
