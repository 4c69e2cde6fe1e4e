import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { type ModuleIndex, moduleIndex, trainId } from '../../src/model/ids.js'
import { assignTrains } from '../../src/sources/run/assign-trains.js'
import { type JoinedRun, joinRun, type Selection } from '../../src/sources/run/join.js'
import { parseRanges, parseSlice, parseTrains, positionsList } from '../../src/sources/run/query.js'
import type { DamagedFile, ModuleFile, Run } from '../../src/sources/run/run.js'

const none = { start: 0, step: 1, count: 0 }

type Trains = Record<number, readonly number[]>

/** A sequence file whose trains hold the given pulses, cells being their positions; frames lie apart by a gap. */
function fileOf(module: number, sequence: number, trains: Trains): ModuleFile {
  const gap = 3
  const pulseIds: number[] = []
  const cellIds: number[] = []
  const entries = Object.entries(trains).map(([id, pulses], index) => {
    pulseIds.push(...new Array<number>(gap).fill(-1), ...pulses)
    cellIds.push(...new Array<number>(gap).fill(999), ...pulses.map((_, cell) => cell))
    const image = { first: pulseIds.length - pulses.length, count: pulses.length }
    return { trainId: trainId(Number(id)), index, flag: 1, timestamp: 0n, origin: -1, image, groups: {} }
  })
  return {
    path: `m${module}s${sequence}`,
    size: 1,
    mtimeMs: 1,
    sequence,
    source: `${module}`,
    formatVersion: '1.2',
    trains: entries,
    frames: pulseIds.length,
    pulseIds: Float64Array.from(pulseIds),
    cellIds: Uint16Array.from(cellIds),
    copied: [],
  }
}

function runOf(files: ModuleFile[], damaged: DamagedFile[] = []): Run {
  const modules = new Map<ModuleIndex, ModuleFile[]>()
  for (const file of files) {
    const module = moduleIndex(Number(file.source))
    modules.set(module, [...(modules.get(module) ?? []), file])
  }
  const ids = new Set(files.flatMap(file => file.trains.map(train => train.trainId)))
  return {
    path: '/run',
    detector: AGIPD.detector,
    kit: AGIPD,
    karaboId: 'SPB_DET_AGIPD1M-1',
    proposal: 1,
    run: 1,
    modules: new Map([...modules].sort(([a], [b]) => a - b)),
    damaged,
    files: [],
    trainIds: [...ids].sort((a, b) => a - b),
    conditions: {},
    conditionSources: {},
    gainMode: 0,
    rawFrames: 1,
    time: undefined,
    problems: damaged.map(({ path, module }) => ({
      check: 'files_readable',
      severity: 'error' as const,
      message: 'damaged',
      place: { file: path, ...(module !== undefined && { module }) },
    })),
  }
}

/** `m0s0: 100×2 101×0` for each file. */
function layout(joined: JoinedRun): string[] {
  return [...joined.modules.values()]
    .flat()
    .map(
      ({ file, trains }) =>
        `${file.path}: ${trains.map(({ trainId, rows }) => `${trainId}×${rows.count}`).join(' ')}`,
    )
}

describe('joining', () => {
  test('trains that a module lacks have count 0 where its files cover them', () => {
    const joined = joinRun(
      runOf([
        fileOf(0, 0, { 100: [0], 101: [0], 102: [0] }),
        fileOf(0, 1, { 103: [0], 105: [0] }),
        fileOf(4, 0, { 101: [0] }),
        fileOf(4, 1, { 102: [], 104: [0] }),
      ]),
    )
    expect(layout(joined)).toEqual([
      'm0s0: 100×1 101×1 102×1',
      'm0s1: 103×1 104×0 105×1',
      'm4s0: 100×0 101×1',
      'm4s1: 102×0 103×0 104×1 105×0',
    ])
    expect(joined.trains.map(train => train.trainId)).toEqual([100, 101, 102, 103, 104, 105])
    expect([joined.frames, joined.problems]).toEqual([6, []])
  })

  test('rows are where the index says, not where they would be', () => {
    const [file] =
      joinRun(runOf([fileOf(0, 0, { 100: [0, 4], 101: [0, 4, 8] })])).modules.get(moduleIndex(0)) ?? []
    expect(file?.trains.map(({ rows }) => rows)).toEqual([
      { start: 3, step: 1, count: 2 },
      { start: 8, step: 1, count: 3 },
    ])
    expect(file?.frames).toBe(5)
  })

  test('the pulse list of the majority wins, the others are named', () => {
    const joined = joinRun(
      runOf([
        fileOf(0, 0, { 100: [0, 4], 101: [0] }),
        fileOf(1, 0, { 100: [0, 8], 101: [0] }),
        fileOf(2, 0, { 100: [0, 8], 101: [] }),
        fileOf(3, 0, { 100: [], 101: [0] }),
      ]),
    )
    expect(layout(joined)).toEqual([
      'm0s0: 100×0 101×1',
      'm1s0: 100×2 101×1',
      'm2s0: 100×2 101×0',
      'm3s0: 100×0 101×1',
    ])
    expect([...(joined.trains[0]?.pulseIds ?? [])]).toEqual([0, 8])
    expect(joined.problems).toMatchObject([
      { check: 'pulse_ids_equal', severity: 'error', place: { module: 0, train: 100, file: 'm0s0' } },
    ])
  })

  test('a tie goes to the lowest module; a different count is a different list', () => {
    const joined = joinRun(
      runOf([fileOf(2, 0, { 100: [0, 4, 8], 101: [0] }), fileOf(1, 0, { 100: [0, 4], 101: [0] })]),
    )
    expect(layout(joined)).toEqual(['m1s0: 100×2 101×1', 'm2s0: 100×0 101×1'])
  })

  test.each([
    ['too large', [0, 2 ** 63, 8]],
    ['negative', [-1, 4, 8]],
    ['no number', [0, 4, Number.NaN]],
    ['infinite', [0, Infinity, 8]],
    ['there twice', [0, 4, 4]],
    ['never written', [0, 0, 0]],
  ])('an id that is %s has no vote and costs no module the train, among two or three', (_, bad) => {
    for (const spoilt of [0, 1, 2])
      for (const count of [2, 3]) {
        const files = Array.from({ length: count }, (_, module) =>
          fileOf(module, 0, { 100: module === spoilt ? bad : [0, 4, 8] }),
        )
        const joined = joinRun(runOf(files))
        expect(layout(joined)).toEqual(files.map((_, module) => `m${module}s0: 100×3`))
        expect([joined.problems, [...(joined.trains[0]?.pulseIds ?? [])]]).toEqual([[], [0, 4, 8]])
      }
  })

  test('a list with an impossible id whose others are not those of the rest is another list', () => {
    const right = { 100: [0, 4, 8] }
    const joined = joinRun(runOf([fileOf(0, 0, { 100: [-1, 5, 8] }), fileOf(1, 0, right)]))
    expect([...joined.modules.keys()]).toEqual([1])
    // Each has one, and nobody else was there.
    const both = joinRun(runOf([fileOf(0, 0, { 100: [-1, 4, 8] }), fileOf(1, 0, { 100: [0, -1, 8] })]))
    expect(layout(both)).toEqual(['m0s0: 100×3', 'm1s0: 100×3'])
  })

  test('a module that is overruled in all its trains gets no file and an error', () => {
    const joined = joinRun(
      runOf([fileOf(0, 0, { 100: [0] }), fileOf(1, 0, { 100: [0] }), fileOf(2, 0, { 100: [4] })]),
    )
    expect([...joined.modules.keys()]).toEqual([0, 1])
    expect(joined.problems.map(({ check, severity }) => [check, severity])).toEqual([
      ['pulse_ids_equal', 'error'],
      ['frames_present', 'warning'],
    ])
  })

  test('an impossible cell has no vote: it does not make modules agree that contradict each other', () => {
    const files = [0, 1, 2, 3].map(module => fileOf(module, 0, { 100: [0, 1] }))
    const first = files[0]?.trains[0]?.image.first ?? 0
    const [impossible, , , other] = files.map(({ cellIds }) => cellIds)
    impossible?.set([60000], first)
    other?.set([7], first)
    const joined = joinRun(runOf(files))
    expect([...joined.modules.keys()]).toEqual([0, 1, 2])
    expect([...(joined.trains[0]?.cellIds ?? [])]).toEqual([0, 1])
    expect(joined.problems).toMatchObject([
      { check: 'pulse_ids_equal', place: { module: 3, train: 100 } },
      { check: 'frames_present', place: { module: 3 } },
    ])
  })

  test('a module without a frame gets no file and is named', () => {
    const joined = joinRun(runOf([fileOf(0, 0, { 100: [0] }), fileOf(7, 0, { 100: [] })]))
    expect([...joined.modules.keys()]).toEqual([0])
    expect(joined.problems).toMatchObject([
      { check: 'frames_present', severity: 'warning', place: { module: 7 } },
    ])
  })
})

describe('selecting', () => {
  const run = runOf([
    fileOf(0, 0, { 100: [0, 4, 8, 12], 101: [0, 4] }),
    fileOf(0, 1, { 102: [0, 4, 8] }),
    fileOf(5, 0, { 100: [0, 4, 8, 12] }),
    fileOf(5, 2, { 103: [0] }),
  ])

  test('pulses by stored position, sliced in each train', () => {
    const joined = joinRun(run, { pulses: parseSlice('1::2', '--pulses') })
    expect(joined.trains.map(({ pulseIds, cellIds }) => [[...pulseIds], [...cellIds]])).toEqual([
      [
        [4, 12],
        [1, 3],
      ],
      [[4], [1]],
      [[4], [1]],
      [[], []],
    ])
    const [file] = joined.modules.get(moduleIndex(0)) ?? []
    expect(file?.trains[0]?.rows).toEqual({ start: 4, step: 2, count: 2 })
  })

  test('trains of the whole run, whatever modules are chosen', () => {
    const selection = { modules: [moduleIndex(0)], trains: parseTrains('-3:') }
    expect(layout(joinRun(run, selection))).toEqual(['m0s0: 101×2', 'm0s1: 102×3 103×0'])
    expect(layout(joinRun(run, { trains: parseTrains('id=102:103') }))).toEqual(['m0s1: 102×3'])
  })

  test('sequences by their number', () => {
    const joined = joinRun(run, { sequences: parseRanges('1-2', '--sequences') })
    expect(layout(joined)).toEqual(['m0s1: 102×3 103×0', 'm5s2: 103×1'])
    expect(joined.trains.map(train => train.trainId)).toEqual([102, 103])
  })

  test('cells and pulse ids, together with pulses: frames that all of them take', () => {
    const joined = joinRun(run, { cells: parseRanges('1-2', '--cells') })
    expect(layout(joined)).toEqual([
      'm0s0: 100×2 101×1',
      'm0s1: 102×2 103×0',
      'm5s0: 100×2 101×0 102×0',
      'm5s2: 103×0',
    ])
    const rows = (selection: Selection) =>
      [...joinRun(run, selection).modules.values()].map(([file]) =>
        positionsList(file?.trains[0]?.rows ?? none),
      )
    expect(rows({ cells: parseRanges('0,3', '--cells') })).toEqual([
      [3, 6],
      [3, 6],
    ])
    expect(
      rows({ cells: parseRanges('1-3', '--cells'), pulseIds: parseRanges('0,8-90', '--pulse-ids') }),
    ).toEqual([
      [5, 6],
      [5, 6],
    ])
    expect(rows({ cells: parseRanges('1-3', '--cells'), pulses: parseSlice('::2', '--pulses') })).toEqual([
      [5],
      [5],
    ])
    const { trains, frames, framesThere } = joinRun(run, { pulseIds: parseRanges('4', '--pulse-ids') })
    expect(trains.map(({ pulseIds, cellIds }) => [...pulseIds, ...cellIds])).toEqual([
      [4, 1],
      [4, 1],
      [4, 1],
      [],
    ])
    expect([frames, framesThere]).toEqual([3, 10])
  })

  test('lit frames; trains of which that is not told are named, and nothing of them is taken', () => {
    const told = new Map([
      [100, [0, 12]],
      [101, [4]],
      [103, []],
    ])
    const light = {
      source: 'LITFRM',
      file: 'da01',
      ofTrain: (id: number) => {
        const lit = told.get(id)
        // Of train 101 only pulse 4 is known.
        return lit && ((pulse: number) => (id === 101 && pulse !== 4 ? undefined : lit.includes(pulse)))
      },
    }
    const joined = joinRun(run, { light })
    expect(layout(joined)).toEqual([
      'm0s0: 100×2 101×0',
      'm0s1: 102×0 103×0',
      'm5s0: 100×2 101×0 102×0',
      'm5s2: 103×0',
    ])
    expect(
      joined.problems.map(({ message, severity, place: { train } }) => [severity, train, message]),
    ).toEqual([
      ['error', 102, 'train 102 not told, so that nothing says which frames are lit: not corrected'],
      ['error', 101, 'train 101 told with other pulses than those of the frames: not corrected'],
    ])
    // What is known of the frames that are asked for is enough.
    const known = joinRun(run, { light, pulseIds: parseRanges('4', '--pulse-ids') })
    expect(known.trains.map(({ pulseIds }) => pulseIds.length)).toEqual([0, 1, 0, 0])
    expect(() => joinRun(run, { light, pulseIds: parseRanges('8', '--pulse-ids') })).toThrow(
      'no frame of the run is selected by --pulse-ids and --litframe',
    )
  })

  test('nothing left is an error', () => {
    expect(() => joinRun(run, { modules: [moduleIndex(9)] })).toThrow(
      expect.objectContaining({ tag: 'usage' }),
    )
    expect(() => joinRun(run, { pulses: parseSlice('9:', '--pulses') })).toThrow(
      expect.objectContaining({ tag: 'usage' }),
    )
    expect(() => joinRun(run, { trains: parseTrains('9:') })).toThrow(
      expect.objectContaining({ tag: 'usage' }),
    )
  })
})

describe('damaged files', () => {
  const others = fileOf(1, 0, { 100: [0], 101: [0], 102: [0], 103: [0], 104: [0], 105: [0] })
  const damaged = (sequence: number): DamagedFile => ({
    path: `m0s${sequence}`,
    module: moduleIndex(0),
    sequence,
  })
  const listed = (files: ModuleFile[], ...lost: number[]) =>
    layout(joinRun(runOf([others, ...files], lost.map(damaged)))).filter(line => line.startsWith('m0'))

  test('no neighbour stands in for the trains of a file that is there but unusable', () => {
    const first = fileOf(0, 0, { 100: [0], 102: [0] })
    const last = fileOf(0, 2, { 105: [0] })
    expect(listed([first, last], 1)).toEqual(['m0s0: 100×1 101×0 102×1', 'm0s2: 105×1'])
    expect(listed([first, last])).toEqual(['m0s0: 100×1 101×0 102×1 103×0 104×0', 'm0s2: 105×1'])
    expect(listed([first], 1)).toEqual(['m0s0: 100×1 101×0 102×1'])
    expect(listed([last], 0)).toEqual(['m0s2: 105×1'])
  })

  test('are named where they are selected', () => {
    const run = runOf([others, fileOf(0, 0, { 100: [0] })], [damaged(1)])
    const checks = (selection: Parameters<typeof joinRun>[1]) => joinRun(run, selection).problems.length
    expect(checks({})).toBe(1)
    expect(checks({ modules: [moduleIndex(1)] })).toBe(0)
    expect(checks({ sequences: parseRanges('0', '--sequences') })).toBe(0)
    expect(checks({ sequences: parseRanges('0-1', '--sequences') })).toBe(1)
  })
})

test('every train of a module is listed exactly once, ascending, its own in its own file', () => {
  const setup = fc.tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 25 }),
    fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 40, maxLength: 40 }),
  )
  fc.assert(
    fc.property(setup, ([all, where]) => {
      const ids = [...all].sort((a, b) => a - b).map(trainId)
      // Trains fall into files anyhow (4: the module lacks it), so that ranges overlap too.
      const files = [0, 1, 2, 3]
        .map(sequence =>
          fileOf(
            0,
            sequence,
            Object.fromEntries(ids.filter((_, i) => where[i] === sequence).map(id => [id, [0]])),
          ),
        )
        .filter(file => file.trains.length > 0)
        .sort((a, b) => (a.trains[0]?.trainId ?? 0) - (b.trains[0]?.trainId ?? 0))
      const assigned = assignTrains(ids, files)
      const listed = [...assigned.values()]
      expect(listed.flat().sort((a, b) => a - b)).toEqual(files.length > 0 ? ids : [])
      for (const [file, trains] of assigned) {
        expect(trains).toEqual([...trains].sort((a, b) => a - b))
        for (const { trainId } of file.trains) expect(trains).toContain(trainId)
      }
    }),
    { seed: 3, numRuns: 500 },
  )
})
