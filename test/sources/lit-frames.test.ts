import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ControlSource, ExdfDataset } from '../../src/exdf/description.js'
import { readExdf } from '../../src/exdf/file.js'
import { writeExdf } from '../../src/exdf/writer.js'
import { trainId } from '../../src/model/ids.js'
import { pulseTableOf, readLitFrames } from '../../src/sources/run/lit-frames.js'
import type { Run } from '../../src/sources/run/run.js'
import { scratch } from '../helpers/exdf.js'

const FINDER = 'SPB_IRU_AGIPD1M1/REDU/LITFRM:output'
const MONITOR = 'SPB_XTD9_XGM/XGM/DOOCS'
const TRAINS = [1000, 1001]

/** Two trains of four frames: in the first, frames 1 and 3 have pulses, frame 3 two of them; the second is dark. */
const COLUMNS: readonly ExdfDataset[] = [
  { name: 'nFrame', dtype: 'u2', shape: [2], data: Uint16Array.of(4, 4) },
  {
    name: 'detectorPulseId',
    dtype: 'u2',
    shape: [2, 5],
    data: Uint16Array.of(8, 12, 16, 20, 0, 8, 12, 16, 20, 0),
  },
  { name: 'nPulsePerFrame', dtype: 'u2', shape: [2, 5], data: Uint16Array.of(0, 1, 0, 2, 0, 0, 0, 0, 0, 0) },
  {
    name: 'energyPerFrame',
    dtype: 'f4',
    shape: [2, 5],
    data: Float32Array.of(0, 50, 0, 90, 0, 0, 0, 0, 0, 0),
  },
  {
    name: 'xgmPulseId',
    dtype: 'u2',
    shape: [2, 6],
    data: Uint16Array.of(7, 9, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  },
]

/** A run of which only its files count: one with these sources. */
async function runWith(
  finders: Readonly<Record<string, readonly ExdfDataset[]>>,
  controls: readonly ControlSource[] = [],
): Promise<Run> {
  const path = join(scratch(), 'RAW-R0001-DA01-S00000.h5')
  const now = new Date('2026-01-01T00:00:00Z')
  const text = { runType: '', sample: '', daqLibrary: '', karaboFramework: '' }
  writeExdf(path, {
    version: '1.2',
    growable: false,
    metadata: {
      proposalNumber: 1,
      runNumber: 1,
      sequenceNumber: 0,
      creationDate: now,
      updateDate: now,
      ...text,
    },
    trains: { trainIds: TRAINS, flags: [1, 1], timestamps: [1n, 2n], origins: [-1, -1] },
    sources: Object.entries(finders).map(([name, datasets]) => ({
      name,
      groups: { data: { counts: [1, 1], datasets } },
    })),
    controls,
  })
  const files = [
    await readExdf(path, ({ file: _, ...facts }) => ({ path, controlSources: facts.controlSources, facts })),
  ]
  return { path: '/run', files } as unknown as Run
}

const columnsWith = (changed: ExdfDataset) =>
  COLUMNS.map(column => (column.name === changed.name ? changed : column))

test('a LitFrameFinder says of each frame, by pulse id, which pulse it has, and where the monitor has that', async () => {
  const { source, trains } = await pulseTableOf(await runWith({ [FINDER]: COLUMNS }), { litframe: 'off' })
  const { pulseIds, energies, xgmIndices } = trains.get(trainId(1000)) ?? {}
  expect([source, [...(pulseIds as Uint16Array)], [...(energies as Float32Array)]]).toEqual([
    FINDER,
    [8, 12, 16, 20],
    [0, 50, 0, 90],
  ])
  // The third pulse is the second of the frame with two.
  expect([...(xgmIndices ?? [])]).toEqual([-1, 7, -1, 11])
})

describe('lit frames', () => {
  const finder = { litframe: 'device' } as const
  const judged = async (run: Run, request: Parameters<typeof readLitFrames>[1]) => {
    const lit = await readLitFrames(run, request)
    return TRAINS.map(train => [8, 12, 16, 20, 24].map(pulse => lit?.ofTrain(trainId(train))?.(pulse)))
  }

  test('have a pulse, and more energy than the threshold where there is one', async () => {
    const run = await runWith({ [FINDER]: COLUMNS })
    const dark = [false, false, false, false, undefined]
    expect(await judged(run, finder)).toEqual([[false, true, false, true, undefined], dark])
    expect(await judged(run, { ...finder, energyThreshold: 50 })).toEqual([
      [false, false, false, true, undefined],
      dark,
    ])
    expect((await readLitFrames(run, finder))?.ofTrain(trainId(1002))).toBe(undefined)
    expect(await readLitFrames(run, { litframe: 'off' })).toBe(undefined)
  })

  test('are those of trains that the gas monitor saw', async () => {
    const properties = { 'pulseEnergy.photonFlux': { dtype: 'f8', value: [Number.NaN, 700] } } as const
    const run = await runWith({}, [{ name: MONITOR, properties }])
    const all = (lit: boolean | undefined) => Array.from({ length: 5 }, () => lit)
    const energy = { litframe: 'energy', energyThreshold: 100 } as const
    expect(await judged(run, energy)).toEqual([all(undefined), all(true)])
    expect(await judged(run, { ...energy, energyThreshold: 700 })).toEqual([all(undefined), all(false)])
    await expect(readLitFrames(run, { litframe: 'energy' })).rejects.toThrow(/needs a threshold/)
  })

  test('need a source, and only one', async () => {
    const run = await runWith({})
    await expect(readLitFrames(run, finder)).rejects.toThrow('the run has no source of a LitFrameFinder')
    await expect(readLitFrames(run, { ...finder, litframeSource: 'X/REDU/LITFRM' })).rejects.toThrow(
      'no source X/REDU/LITFRM:output',
    )
    await expect(readLitFrames(run, { litframe: 'energy', energyThreshold: 1 })).rejects.toThrow(
      'gas monitor',
    )
    await expect(readLitFrames(run, { litframe: 'off', energyThreshold: 1 })).rejects.toThrow(
      'needs --litframe',
    )
    const two = await runWith({ [FINDER]: COLUMNS, [FINDER.replace('SPB', 'MID')]: COLUMNS })
    await expect(readLitFrames(two, finder)).rejects.toThrow(
      `several sources of a LitFrameFinder: ${FINDER}, MID_`,
    )
    expect((await readLitFrames(two, { ...finder, litframeSource: FINDER }))?.source).toBe(FINDER)
  })

  test.each<[string, ExdfDataset[], RegExp]>([
    [
      'more frames than there are',
      columnsWith({ name: 'nFrame', dtype: 'u2', shape: [2], data: Uint16Array.of(4, 6) }),
      /nFrame says 6/,
    ],
    [
      'a pulse id twice',
      columnsWith({ name: 'detectorPulseId', dtype: 'u2', shape: [2, 5], data: new Uint16Array(10) }),
      /pulse id twice/,
    ],
    ['a column that is missing', COLUMNS.slice(0, 4), /missing/],
    [
      'numbers of 64 bits',
      columnsWith({ name: 'xgmPulseId', dtype: 'u8', shape: [2, 6], data: new BigUint64Array(12) }),
      /not a number or a list/,
    ],
  ])('%s is refused, naming the dataset', async (_, columns, says) => {
    const run = await runWith({ [FINDER]: columns })
    await expect(readLitFrames(run, finder)).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(says),
        place: expect.objectContaining({
          file: run.files[0]?.path,
          dataset: expect.stringContaining(FINDER),
        }),
      }),
    )
  })
})
