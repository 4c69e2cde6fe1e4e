import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BridgeArray, BridgeSource } from '../../src/bridge/message.js'
import type { StoredRun } from '../../src/sources/run/run.js'
import { openStoredRun } from '../../src/sources/run/stored-run.js'
import { GOLDEN_RUNS, unpackDetectorRun } from '../golden/detectors/index.js'
import { declare, type ModuleSpec, scratch, writeModule } from '../helpers/exdf.js'
import { goldenRuns, idsOf, replayed, trainsInFile } from '../helpers/replayed.js'

let place: Awaited<ReturnType<typeof goldenRuns>>
beforeAll(async () => {
  place = await goldenRuns()
})
afterAll(() => place.remove())

/** Holds each source of each train against its file. */
async function expectModules(run: StoredRun, trains: readonly BridgeSource[][]): Promise<void> {
  const seen = new Set<string>()
  const files = [...run.modules.values()].flat()
  for (const { path, source } of files) {
    for (const [id, rows] of await trainsInFile(path, source)) {
      const train = trains.find(([first]) => first?.time.train === BigInt(id))
      const sent = train?.find(({ name }) => name === source)
      if (!rows.has('image.data')) {
        expect(sent).toBeUndefined()
        continue
      }
      expect(sent, `${source} of train ${id}`).toBeDefined()
      if (!sent) continue
      seen.add(`${source} ${id}`)
      expect([...Object.keys(sent.arrays), ...Object.keys(sent.values)].sort()).toEqual(
        [...rows.keys()].sort(),
      )
      for (const [key, { dtype, shape, data }] of rows) {
        const isScalar = !key.startsWith('image.') && shape.length === 1
        if (isScalar) expect(BigInt(sent.values[key] as number)).toBe(numberOf(data))
        else {
          const array = sent.arrays[key] as BridgeArray
          expect([key, array.dtype, array.shape]).toEqual([
            key,
            dtype,
            key.startsWith('image.') ? shape : shape.slice(1),
          ])
          expect(data.equals(array.data), `${source}, train ${id}: ${key}`).toBe(true)
        }
      }
    }
  }
  expect(trains.flatMap(train => train.map(({ name, time }) => `${name} ${time.train}`)).sort()).toEqual(
    [...seen].sort(),
  )
}

function numberOf(data: Buffer): bigint {
  return BigInt(`0x${Buffer.from(data).reverse().toString('hex')}`)
}

describe('a run that is replayed module by module', () => {
  it.each([
    '2.2',
    '1.0',
  ] as const)('RAW, protocol %s: every dataset of every train, bit by bit', async version => {
    const run = await openStoredRun(place.golden.path)
    expect([run.corrected, run.karaboId]).toEqual([false, place.golden.karaboId])
    const { trains, outcome } = await replayed(run, { version })
    await expectModules(run, trains)
    const frames = trains.flat().reduce((sum, { arrays }) => sum + (arrays['image.data']?.shape[0] ?? 0), 0)
    expect(outcome).toMatchObject({ sent: trains.length, dropped: 0, unsent: 0, lostParts: 0, frames })
    expect(outcome.sent + outcome.leftOut).toBe(run.trainIds.length)
    expect(outcome.bytes).toBeGreaterThan(frames * 2 * 2 * 512 * 128)
    expect(frames).toBeGreaterThan(0)
  })

  it('CORR: by the names that its files have, gain and mask too', async () => {
    const run = await openStoredRun(place.corrected)
    expect([run.corrected, [...run.modules.keys()]]).toEqual([true, [0, 4, 15]])
    const { trains, outcome } = await replayed(run)
    await expectModules(run, trains)
    expect(trains[0]?.map(({ name }) => name)).toContain(`${place.golden.karaboId}/CORR/4CH0:output`)
    expect(Object.keys(trains[0]?.[0]?.arrays ?? {})).toEqual(
      expect.arrayContaining(['image.data', 'image.gain', 'image.mask']),
    )
    expect(outcome.lostParts).toBe(0)
  })

  it.each(GOLDEN_RUNS)('%s: frames as they are stored, parallel gain as well', async name => {
    const { path } = unpackDetectorRun(name, scratch())
    const run = await openStoredRun(path, name === 'lpd-parallel' ? { parallelGain: true } : {})
    const { trains, outcome } = await replayed(run)
    await expectModules(run, trains)
    expect([trains.length > 0, outcome.lostParts]).toEqual([true, 0])
  })

  it('CORR of before 2024, which has the raw names', async () => {
    const folder = scratch()
    const also: ModuleSpec['also'] = (file, root) => declare(file, `${root}/image/mask`, '<I', [3, 512, 128])
    const corrected = { trainIds: [1000, 1002], counts: [2, 1], dtype: '<f', frame: [512, 128], also }
    for (const module of [2, 7]) await writeModule(folder, { module, ...corrected })
    const run = await openStoredRun(folder)
    expect([run.corrected, [...run.modules.keys()]]).toEqual([true, [2, 7]])
    const { trains, outcome } = await replayed(run)
    await expectModules(run, trains)
    expect(trains[1]?.map(({ name }) => name)).toEqual(
      [2, 7].map(module => `${run.karaboId}/DET/${module}CH0:xtdf`),
    )
    expect(outcome).toMatchObject({ sent: 2, lostParts: 0, frames: 6 })
  })

  it('only the modules and trains that are selected', async () => {
    const run = await openStoredRun(place.golden.path)
    const modules = new Map([...run.modules].filter(([module]) => module === 4))
    const selected = run.trainIds.slice(1, 3)
    const { trains } = await replayed(run, {}, { selection: { modules, trains: selected } })
    expect(idsOf(trains)).toEqual(selected)
    expect(new Set(trains.flat().map(({ name }) => name))).toEqual(
      new Set([`${place.golden.karaboId}/DET/4CH0:xtdf`]),
    )
  })

  it.each([
    ['PUSH', 'PULL'],
    ['ROUTER', 'REQ'],
  ] as const)('by %s all trains come, in order', async (socket, client) => {
    const run = await openStoredRun(place.golden.path)
    const { trains } = await replayed(run, { socket }, { client })
    await expectModules(run, trains)
    expect(idsOf(trains)).toEqual([...idsOf(trains)].sort((a, b) => a - b))
  })
})
