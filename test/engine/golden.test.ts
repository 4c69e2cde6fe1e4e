import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { GOLDEN_CHAINS, type GoldenChain } from '../golden/run/index.js'
import {
  correct,
  expectGoldenRun,
  type GoldenPlace,
  goldenChain,
  goldenPlace,
  planOf,
} from '../helpers/correction.js'

// A run written by h5py, with several sequences, a missing module, count 0, a gap, padding and NaN constants; the
// expectation comes from numpy (test/golden/run/make_run.py). Equal means equal bits.
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const expectGolden = (out: string, chain: GoldenChain) => expectGoldenRun(place.golden, out, chain)

describe.each(['default', 'gain', 'high'] as const)('the %s chain', chain => {
  it.each([1, 2, 3, 4])('is bit-identical to numpy with %i workers', async workers => {
    const out = join(place.folder, `${chain}-${workers}`)
    const outcome = await correct({
      run: place.golden.path,
      catalogue: place.catalogue,
      out,
      workers,
      ...goldenChain(place.golden, chain),
    })
    expect(outcome.modules.map(({ status }) => status)).toEqual(outcome.modules.map(() => 'corrected'))
    await expectGolden(out, chain)
  })
})

describe('METADATA', () => {
  it('tells of sample, kind of run and software what RAW tells', async () => {
    const out = join(place.folder, 'metadata')
    await correct({ run: place.golden.path, catalogue: place.catalogue, out })
    const [raw = ''] = readdirSync(place.golden.path).sort()
    const texts = (path: string) =>
      withFile(path, 'r', file =>
        ['sample', 'runType', 'daqLibrary', 'karaboFramework', 'proposalNumber'].map(name =>
          String((file.get(`METADATA/${name}`) as Dataset).value),
        ),
      )
    const stored = await texts(join(place.golden.path, raw))
    expect(stored[0]).toBe('No Sample')
    expect(await texts(join(out, raw.replace('RAW', 'CORR')))).toEqual(stored)
  })
})

// Bad-pixel maps of darks, pulse capacitor, flat field and current source are in the catalogue: each chain takes its own.
it.each(
  GOLDEN_CHAINS,
)('of the chain %s each bit, and the maps of the mask, are those of numpy', async chain => {
  const out = join(place.folder, `one-${chain}`)
  const request = { run: place.golden.path, catalogue: place.catalogue, ...goldenChain(place.golden, chain) }
  const { modules } = await planOf({ ...request, out })
  for (const module of modules) expect(module.chain.maskMaps).toEqual(place.golden.chains[chain].maskMaps)
  await correct({ ...request, out })
  await expectGolden(out, chain)
})

describe('memory', () => {
  it('changes nothing: the smallest budget that works gives the same bits', async () => {
    const out = join(place.folder, 'small')
    await correct({
      run: place.golden.path,
      catalogue: place.catalogue,
      out,
      memory: 16 * 1024 ** 2,
      workers: 1,
    })
    await expectGolden(out, 'default')
  })
})
