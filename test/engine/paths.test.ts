import { mkdirSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { correctRun } from '../../src/engine/run/correct-run.js'
import { frameAddresses, locateDataset, Unsupported } from '../../src/hdf5/direct/index.js'
import { laneLayout } from '../../src/memory/lane-layout.js'
import { correct, type GoldenPlace, goldenPlace, planOf, readBack } from '../helpers/correction.js'
import { restore, type Storage } from '../helpers/restore.js'

// The same golden run through every way a frame can reach a slot. Equal means equal bits.
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const PROVENANCE = { software: 'detcal test', created: '2026-01-01T00:00:00.000Z', options: {} }

async function expectGolden(out: string): Promise<void> {
  for (const [module, sequences] of Object.entries(place.golden.modules)) {
    for (const { sequence, frames } of sequences) {
      const name = `CORR-R0001-AGIPD${module.padStart(2, '0')}-S${String(sequence).padStart(5, '0')}.h5`
      const found = await readBack(join(out, name), place.golden.karaboId, Number(module))
      expect(found.frames).toEqual(frames.default)
    }
  }
}

/** Which way the engine takes for a file. */
function wayOf(path: string, module: number): string {
  const dataset = `INSTRUMENT/${place.golden.karaboId}/DET/${module}CH0:xtdf/image/data`
  try {
    const located = locateDataset(openSync(path, 'r'), dataset, path)
    return frameAddresses(located) ? 'addresses' : 'slab'
  } catch (error) {
    if (error instanceof Unsupported) return 'library'
    throw error
  }
}

const WAYS: readonly [Storage, string][] = [
  ['deflate', 'slab'],
  ['three frames a chunk', 'addresses'],
  ['contiguous', 'addresses'],
  ['library', 'library'],
]

describe.each(WAYS)('images stored as %s', (storage, way) => {
  it(`take the way of ${way} and come out the same`, async () => {
    const run = join(place.folder, storage.replaceAll(' ', '-'))
    mkdirSync(run)
    for (const name of readdirSync(place.golden.path))
      await restore(join(place.golden.path, name), join(run, name), storage)
    expect(wayOf(join(run, 'RAW-R0001-AGIPD04-S00000.h5'), 4)).toBe(way)
    const out = `${run}-out`
    const outcome = await correct({ run, catalogue: place.catalogue, out })
    expect(outcome.problems.filter(({ check }) => check === 'correction_failed')).toEqual([])
    await expectGolden(out)
  })
})

const SHAPES = [
  { trains: 1, framesPerTrain: 1, slots: 1 },
  { trains: 3, framesPerTrain: 2, slots: 4 },
  { trains: 16, framesPerTrain: 3, slots: 2 },
] as const

it.each(SHAPES)('blocks of $trains trains by $framesPerTrain frames give the same bits', async shape => {
  const out = join(place.folder, `shape-${shape.trains}`)
  const asked = { run: place.golden.path, catalogue: place.catalogue, out }
  const plan = await planOf(asked)
  const { trains, framesPerTrain, slots } = shape
  const layout = laneLayout({
    ...plan.lanes.layout,
    slotRawFrames: trains * framesPerTrain,
    slotFrames: trains,
    slots,
  })
  const lanes = { ...plan.lanes, layout, block: { trains, framesPerTrain } }
  await correctRun(
    { ...plan, lanes },
    { output: { folder: out, corrected: true }, overwrite: false, sync: false, provenance: PROVENANCE },
  )
  await expectGolden(out)
})

it('moves the bytes that src/memory/README.md states, and no more', async () => {
  const out = join(place.folder, 'counted')
  const { phases, frames } = await correct({ run: place.golden.path, catalogue: place.catalogue, out })
  const pixels = frames * 65536
  expect(phases.read.bytes).toBe(4 * pixels)
  expect(phases.correct.bytes).toBe(8 * pixels)
  expect(phases.deflate.bytes).toBe(5 * pixels)
  const stored = readdirSync(out)
    .filter(name => name.endsWith('.h5'))
    .reduce((sum, name) => sum + statSync(join(out, name)).size, 0)
  expect(phases.write.bytes).toBeGreaterThanOrEqual(4 * pixels)
  expect(phases.write.bytes).toBeLessThanOrEqual(stored)
})
