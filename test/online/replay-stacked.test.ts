import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BAD_PIXELS } from '../../constants/model/bad-pixels.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import type { StoredRun } from '../../src/sources/run/run.js'
import { openStoredRun } from '../../src/sources/run/stored-run.js'
import { unpackDetectorRun } from '../golden/detectors/index.js'
import { scratch, writeModule } from '../helpers/exdf.js'
import { type FileRows, goldenRuns, idsOf, replayed, trainsInFile } from '../helpers/replayed.js'

let place: Awaited<ReturnType<typeof goldenRuns>>
beforeAll(async () => {
  place = await goldenRuns()
})
afterAll(() => place.remove())

/** Rows of each module, by train. */
async function modulesByTrain(run: StoredRun): Promise<Map<number, Map<number, Map<string, FileRows>>>> {
  const trains = new Map<number, Map<number, Map<string, FileRows>>>()
  for (const [module, files] of run.modules)
    for (const { path, source } of files)
      for (const [id, rows] of await trainsInFile(path, source)) {
        if (!rows.has('image.data')) continue
        const modules = trains.get(id) ?? new Map()
        trains.set(id, modules.set(module, rows))
      }
  return trains
}

/** Bytes of module `module` in a stacked array, frame by frame and plane by plane as in its file. */
function moduleOf(source: BridgeSource, key: string, module: number): Buffer {
  const { shape = [], data = new Uint8Array() } = source.arrays[key] ?? {}
  const modules = shape.at(-3) ?? 0
  const outer = shape.slice(0, -3).reduce((a, b) => a * b, 1)
  const bytes = data.byteLength / outer / modules
  return Buffer.concat(
    Array.from({ length: outer }, (_, i) => {
      const at = (i * modules + module) * bytes
      return data.subarray(at, at + bytes)
    }),
  )
}

/** Holds each train against the files, its missing modules against what stands for them. */
async function expectStacked(run: StoredRun, trains: readonly BridgeSource[][], name: string): Promise<void> {
  const files = await modulesByTrain(run)
  expect(idsOf(trains)).toEqual([...files.keys()].sort((a, b) => a - b))
  const missing: Readonly<Record<string, Buffer>> = {
    'image.data': run.corrected ? Buffer.from(Float32Array.of(Number.NaN).buffer) : Buffer.alloc(2),
    'image.gain': Buffer.alloc(1),
    'image.mask': Buffer.from(Uint32Array.of(1 << BAD_PIXELS.VALUE_IS_NAN).buffer),
  }
  for (const [source, ...others] of trains) {
    expect(others).toEqual([])
    if (!source) continue
    const modules = files.get(Number(source.time.train)) ?? new Map<number, Map<string, FileRows>>()
    const [lowest] = [...modules.values()]
    const present = Array.from({ length: run.detector.moduleCount }, (_, module) => modules.has(module))
    expect([source.name, source.values['modulesPresent']]).toEqual([name, present])
    expect(source.values['sources']).toHaveLength(present.length)
    for (const [key, { dtype, shape, data }] of lowest ?? []) {
      if (!key.startsWith('image.')) continue
      const array = source.arrays[key]
      expect([key, array?.dtype]).toEqual([key, dtype])
      if (!(key in missing)) {
        expect([array?.shape, data.equals(array?.data ?? new Uint8Array())]).toEqual([shape, true])
        continue
      }
      expect(array?.shape).toEqual([...shape.slice(0, -2), present.length, ...shape.slice(-2)])
      for (const [module, there] of present.entries()) {
        const found = moduleOf(source, key, module)
        const expected = there ? modules.get(module)?.get(key)?.data : Buffer.alloc(data.length, missing[key])
        expect(expected?.equals(found), `${key} of module ${module}, train ${source.time.train}`).toBe(true)
      }
    }
  }
}

describe('a run that is replayed stacked', () => {
  it.each([
    '2.2',
    '1.0',
  ] as const)('RAW, protocol %s: modules that are not there are 0 and said to be', async version => {
    const run = await openStoredRun(place.golden.path)
    const { trains, outcome } = await replayed(run, { layout: 'stacked', version })
    await expectStacked(run, trains, `${place.golden.karaboId}/DET/APPEND`)
    expect(outcome.lostParts).toBe(0)
  })

  it('CORR: NaN, gain 0 and mask VALUE_IS_NAN where no module is', async () => {
    const run = await openStoredRun(place.corrected)
    const { trains, outcome } = await replayed(run, { layout: 'stacked' })
    await expectStacked(run, trains, `${place.golden.karaboId}/CAL/APPEND_CORRECTED`)
    expect(outcome.lostParts).toBe(0)
  })

  it('LPD in parallel gain: the frames of all stages', async () => {
    const { path, karaboId } = unpackDetectorRun('lpd-parallel', scratch())
    const run = await openStoredRun(path, { parallelGain: true })
    const { trains } = await replayed(run, { layout: 'stacked' })
    await expectStacked(run, trains, `${karaboId}/DET/APPEND`)
  })

  it('a module of other pulses than most is no part of the train, is named and counted', async () => {
    const folder = scratch()
    const trainIds = [1000, 1001]
    const counts = [2, 2]
    for (const module of [0, 1, 2])
      await writeModule(folder, {
        ...{ module, trainIds, counts },
        ...(module === 1 && { pulseIds: [0, 1, 0, 7] }),
      })
    const run = await openStoredRun(folder)
    const { trains, outcome } = await replayed(run, { layout: 'stacked' })
    const present = trains.flat().map(({ values }) => values['modulesPresent'] as boolean[])
    expect(present.map(modules => modules.slice(0, 4))).toEqual([
      [true, true, true, false],
      [true, false, true, false],
    ])
    expect(outcome).toMatchObject({ sent: 2, lostParts: 1, frames: 10 })
    expect(outcome.problems.filter(({ severity }) => severity === 'error')).toEqual([
      {
        check: 'frames_sent',
        severity: 'error',
        message: 'has other pulses or cells than most modules: it cannot be stacked',
        place: { module: 1, train: 1001, file: expect.stringContaining('AGIPD01') },
      },
    ])
  })
})
