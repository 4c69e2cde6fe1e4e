import { describe, expect, test } from 'vitest'
import type { File } from '../../src/hdf5/library.js'
import type { ModuleIndex } from '../../src/model/ids.js'
import { joinRun } from '../../src/sources/run/join.js'
import { openRun } from '../../src/sources/run/open-run.js'
import type { ModuleFile, Run } from '../../src/sources/run/run.js'
import { type ModuleSpec, put, scratch, sourceOf, writeModule } from '../helpers/exdf.js'

const plain: ModuleSpec = { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] }
const ROOT = `INSTRUMENT/${sourceOf({})}`
const INDEX = `INDEX/${sourceOf({})}`

async function runOf(...specs: ModuleSpec[]): Promise<Run> {
  const folder = scratch()
  for (const spec of specs) await writeModule(folder, spec)
  return openRun(folder)
}

const fileOf = (run: Run, sequence = 0) => run.modules.get(0 as ModuleIndex)?.[sequence] as ModuleFile
/** `id: first+count` of each train. */
const trains = (run: Run) =>
  fileOf(run).trains.map(({ trainId, image }) => `${trainId}: ${image.first}+${image.count}`)
const problems = (run: Run) =>
  run.problems
    .filter(({ check }) => check !== 'modules_present')
    .map(({ severity, message, place }) => `${severity} ${place.train ?? ''}: ${message}`)

/** `plain` with one dataset in place of its own. */
const with_ = (path: string, data: Parameters<typeof put>[2], shape?: number[]): ModuleSpec => ({
  ...plain,
  without: [path],
  also: (file: File) => put(file, path, data, shape ? { shape } : {}),
})
const column = (name: string, data: Parameters<typeof put>[2], module = 0): ModuleSpec => ({
  ...with_(`INSTRUMENT/${sourceOf({ module })}/image/${name}`, data, [6, 1]),
  module,
})

describe('an impossible train id costs its train', () => {
  const cases: [string, Parameters<typeof put>[2], string][] = [
    ['2^63 and more', BigUint64Array.of(1000n, 9223372040728191546n, 1002n), '9223372040728191546'],
    ['2^53 + 1', BigUint64Array.of(1000n, 2n ** 53n + 1n, 1002n), '9007199254740993'],
    ['all bits', BigUint64Array.of(1000n, 2n ** 64n - 1n, 1002n), '18446744073709551615'],
    ['a negative one', BigInt64Array.of(1000n, -(2n ** 53n) - 1n, 1002n), '-9007199254740993'],
    ['NaN', Float64Array.of(1000, Number.NaN, 1002), 'NaN'],
    ['a fraction', Float64Array.of(1000, 1001.5, 1002), '1001.5'],
    ['zero in the middle', BigUint64Array.of(1000n, 0n, 1002n), '0'],
  ]
  test.each(cases)('%s', async (_, data, digits) => {
    const run = await runOf(with_('INDEX/trainId', data))
    expect(trains(run)).toEqual(['1000: 0+2', '1002: 5+1'])
    expect(problems(run)).toEqual([
      `error : row 1 has ${digits}, which is not a train id: its train is left out`,
    ])
  })

  test('a zero at the end that has frames is no padding', async () => {
    const run = await runOf(with_('INDEX/trainId', BigUint64Array.of(1000n, 1001n, 0n)))
    expect(trains(run)).toEqual(['1000: 0+2', '1001: 2+3'])
    expect(problems(run)).toEqual(['error : row 2 has 0, which is not a train id: its train is left out'])
  })

  test('the same in all modules: the others stay', async () => {
    const spoilt = { ...plain, trainIds: [1000, 1001, 2n ** 63n] }
    const run = await runOf(spoilt, { ...spoilt, module: 1 })
    expect(run.trainIds).toEqual([1000, 1001])
    expect(problems(run)).toHaveLength(2)
  })
})

describe('an impossible index costs its train', () => {
  const cases: [string, ModuleSpec, string[], string[]][] = [
    [
      'count beyond the data',
      { ...plain, counts: [2, 3, 2], frames: 6 },
      ['1000: 0+2', '1001: 2+3'],
      ['error 1002: this train is left out: INDEX refers to row 7 of 6'],
    ],
    [
      'count of all bits',
      { ...plain, counts: [2, 3, 2n ** 64n - 1n], frames: 6 },
      ['1000: 0+2', '1001: 2+3'],
      [
        'error 1002: this train is left out: INDEX has first 5, count 18446744073709551615, which are not valid rows',
      ],
    ],
    [
      'first of 2^53 + 1',
      { ...plain, first: [0, 2n ** 53n + 1n, 5], frames: 6 },
      ['1000: 0+2', '1002: 5+1'],
      ['error 1001: this train is left out: INDEX has first 9007199254740993, count 3'],
    ],
    [
      'a negative count',
      with_(`${INDEX}/image/count`, BigInt64Array.of(2n, -3n, 1n)),
      ['1000: 0+2', '1002: 5+1'],
      ['error 1001: this train is left out: INDEX has first 2, count -3'],
    ],
    [
      'a first of NaN',
      with_(`${INDEX}/image/first`, Float64Array.of(0, Number.NaN, 5)),
      ['1000: 0+2', '1002: 5+1'],
      ['error 1001: this train is left out: INDEX has first NaN, count 3'],
    ],
    [
      'frames beyond any file',
      { ...plain, first: [0, 2, 2 ** 40], frames: 2 ** 41 },
      ['1000: 0+2', '1001: 2+3'],
      ['error 1002: this train is left out: INDEX refers to row 1099511627777, more than 16777216'],
    ],
    [
      'first of zero, which are frames of another',
      with_(`${INDEX}/image/first`, BigUint64Array.of(0n, 0n, 5n)),
      ['1000: 0+2', '1002: 5+1'],
      ['error 1001: this train is left out: INDEX gives it frames of train 1000'],
    ],
    [
      'a count that takes in the next train',
      with_(`${INDEX}/image/count`, BigUint64Array.of(4n, 3n, 1n)),
      ['1001: 2+3', '1002: 5+1'],
      ['error 1000: this train is left out: INDEX gives it frames of train 1001'],
    ],
    [
      'a count of zero though there are frames',
      with_(`${INDEX}/image/count`, BigUint64Array.of(2n, 0n, 1n)),
      ['1000: 0+2', '1001: 2+0', '1002: 5+1'],
      [
        'error : 3 frames (frame 2: train 1001, frame 3: train 1001, frame 4: train 1001) belong to no train by INDEX',
      ],
    ],
    [
      'status that is none',
      {
        ...plain,
        version: '0.5',
        legacyIndex: true,
        without: [`${INDEX}/image/status`],
        also: file => put(file, `${INDEX}/image/status`, Uint32Array.of(1, 7, 1)),
      },
      ['1000: 0+2', '1002: 5+1'],
      ['error 1001: this train is left out: INDEX has first 2, last 4, status 7'],
    ],
    [
      'a last of all bits',
      {
        ...plain,
        version: '0.5',
        legacyIndex: true,
        without: [`${INDEX}/image/last`],
        also: file => put(file, `${INDEX}/image/last`, BigUint64Array.of(1n, 2n ** 64n - 1n, 5n)),
      },
      ['1000: 0+2', '1002: 5+1'],
      ['error 1001: this train is left out: INDEX has first 2, last 18446744073709551615, status 1'],
    ],
  ]
  test.each(cases)('%s', async (_, spec, left, said) => {
    const run = await runOf(spec)
    expect(trains(run)).toEqual(left)
    expect(problems(run)).toEqual(said.map(text => expect.stringContaining(text)))
  })

  test('of two that share frames, without a witness, neither is used', async () => {
    const run = await runOf({ ...plain, first: [0, 1, 5], frames: 6, without: [`${ROOT}/image/trainId`] })
    expect(trains(run)).toEqual(['1002: 5+1'])
    expect(problems(run)).toHaveLength(2)
  })

  test('of another group costs the rows of that group alone', async () => {
    const path = `${ROOT}/header/pulseCount`
    const run = await runOf(with_(path, BigUint64Array.of(1n)))
    expect(fileOf(run).trains.map(({ image, groups }) => [image.count, groups['header']?.count])).toEqual([
      [2, 1],
      [3, 0],
      [1, 0],
    ])
    expect(problems(run)).toEqual([
      expect.stringMatching(/^error 1001: 2 trains go without their rows of header: .*row 2 of 1/),
    ])
  })
})

test('rows of another group are those that carry their train, and none is lost in silence', async () => {
  const path = `INDEX/${sourceOf({})}/header`
  const counts = async (spec: ModuleSpec) => {
    const run = await runOf(spec)
    return [fileOf(run).trains.map(({ groups }) => groups['header']?.count), problems(run)]
  }
  expect(await counts(with_(`${path}/first`, BigUint64Array.of(0n, 0n, 2n)))).toEqual([
    [1, 0, 1],
    [
      expect.stringContaining(
        'error 1001: this train goes without its rows of header: INDEX gives it those of train 1000',
      ),
    ],
  ])
  expect(await counts(with_(`${path}/count`, BigUint64Array.of(1n, 0n, 1n)))).toEqual([
    [1, 0, 1],
    ['error : 1 row (row 1: train 1001) of header belong to no train by INDEX: left out'],
  ])
})

describe('ids of frames', () => {
  test('a pulse id is kept to the last digit, and named', async () => {
    const run = await runOf(
      column('pulseId', BigUint64Array.of(0n, 1n, 0n, 9223372040728191547n, 2n ** 64n - 1n, 0n)),
    )
    expect(trains(run)).toEqual(['1000: 0+2', '1001: 2+3', '1002: 5+1'])
    expect(fileOf(run).widePulseIds).toEqual(
      new Map([
        [3, 9223372040728191547n],
        [4, 2n ** 64n - 1n],
      ]),
    )
    expect(problems(run)).toEqual([
      expect.stringMatching(
        /^error : 2 frames \(frame 3: 9223372040728191547, frame 4: 18446744073709551615\) with an impossible pulse id/,
      ),
    ])
    const wide = joinRun(run).trains.map(({ widePulseIds }) => widePulseIds)
    expect(wide).toEqual([
      undefined,
      new Map([
        [1, 9223372040728191547n],
        [2, 2n ** 64n - 1n],
      ]),
      undefined,
    ])
  })

  test('an impossible pulse id is no pulse that is there twice; a possible one is', async () => {
    const none = 2n ** 64n - 1n
    expect(problems(await runOf(column('pulseId', BigUint64Array.of(0n, 1n, 0n, none, none, 0n))))).toEqual([
      expect.stringMatching(/^error : 2 frames .* with an impossible pulse id/),
    ])
    expect(problems(await runOf(column('pulseId', BigUint64Array.of(0n, 1n, 0n, 4n, 4n, 0n))))).toEqual([
      expect.stringMatching(/^error 1001: a pulse is there twice/),
    ])
  })

  test('impossible pulse ids, beyond 2^53 or NaN, are no witnesses: modules agree by their other ids', async () => {
    const counts = async (a: Parameters<typeof put>[2], b: typeof a) => {
      const run = await runOf(column('pulseId', a), column('pulseId', b, 1))
      return [...joinRun(run).modules.values()].map(([file]) => file?.frames)
    }
    const wide = (id: bigint) => BigUint64Array.of(0n, 1n, 0n, id, 2n, 0n)
    expect(await counts(wide(2n ** 60n), wide(2n ** 60n))).toEqual([6, 6])
    expect(await counts(wide(2n ** 60n), wide(2n ** 60n + 1n))).toEqual([6, 6])
    const nan = Float64Array.of(0, 1, 0, Number.NaN, 2, 0)
    expect(await counts(nan, nan)).toEqual([6, 6])
  })

  const cells: [string, Parameters<typeof put>[2], string, number][] = [
    ["of the detector's number", Uint16Array.of(0, 1, 0, 352, 2, 0), '352', 352],
    ['of all bits', BigUint64Array.of(0n, 1n, 0n, 2n ** 64n - 1n, 2n, 0n), '18446744073709551615', 0xffff],
    ['below zero', Int16Array.of(0, 1, 0, -1, 2, 0), '-1', 0xffff],
    ['of NaN', Float32Array.of(0, 1, 0, Number.NaN, 2, 0), 'NaN', 0xffff],
    ['of 2^16, which 16 bits would take for 0', Uint32Array.of(0, 1, 0, 2 ** 16, 2, 0), '65536', 0xffff],
  ]
  test.each(cells)('a cell id %s is no cell', async (_, data, digits, stored) => {
    const run = await runOf(column('cellId', data))
    expect([...fileOf(run).cellIds]).toEqual([0, 1, 0, stored, 2, 0])
    expect(problems(run)).toEqual([
      `error : 1 frame (frame 3: ${digits}) with an impossible cell id, AGIPD-1M has 352: not corrected, NaN with mask bit 3 in their places`,
    ])
    expect(run.conditions['Memory cells']).toBe(4)
  })

  test('a train that has a cell twice is left out and named', async () => {
    const run = await runOf(column('cellId', Uint16Array.of(0, 1, 0, 0, 2, 0)))
    expect([...fileOf(run).cellIds]).toEqual([0, 1, 0, 0, 2, 0])
    expect(problems(run)).toEqual([expect.stringMatching(/^error 1001: a cell is there twice.*left out/)])
  })

  test('another train id than INDEX gives is named', async () => {
    const ids = BigUint64Array.of(1000n, 2n ** 53n + 1n, 1001n, 1001n, 1001n, 1002n)
    const run = await runOf(column('trainId', ids))
    expect(trains(run)).toEqual(['1000: 0+2', '1001: 2+3', '1002: 5+1'])
    expect(problems(run)).toEqual([
      expect.stringContaining('1 frame (frame 1: 9007199254740993) with another'),
    ])
  })

  test("frames that are all another train's are not taken for its own", async () => {
    const ids = BigUint64Array.of(1000n, 1000n, 1002n, 1002n, 1002n, 1002n)
    const run = await runOf(column('trainId', ids))
    expect(trains(run)).toEqual(['1000: 0+2', '1002: 5+1'])
    expect(problems(run)).toEqual([
      expect.stringContaining('by image/trainId its frames are those of train 1002'),
    ])
  })
})

test('flags, times and origins that mean nothing count as unknown', async () => {
  const flags = await runOf(with_('INDEX/flag', BigUint64Array.of(1n, 2n ** 32n, 1n)))
  expect(fileOf(flags).trains.map(({ flag }) => flag)).toEqual([1, 0, 1])
  expect(problems(flags)[0]).toMatch(/^error .*4294967296 \(train 1001\)/)
  const times = await runOf(with_('INDEX/timestamp', BigInt64Array.of(-1n, 1_700_000_000_000_000_000n, 7n)))
  expect(fileOf(times).trains.map(({ timestamp }) => timestamp)).toEqual([0n, 1_700_000_000_000_000_000n, 7n])
  expect(times.time).toEqual(new Date(1_700_000_000_000))
  const far = await runOf({ ...plain, timestamps: [2n ** 64n - 1n, 1_700_000_000_000_000_000n, 0n] })
  expect(fileOf(far).trains[0]?.timestamp).toBe(2n ** 64n - 1n)
  expect(far.time).toEqual(new Date(1_700_000_000_000))
})

test.each([
  ['image/length', Float64Array.of(1, 1, 1, 1, Number.NaN, 1), 'NaN (train 1001)'],
  ['image/length', BigInt64Array.of(1n, -1n, 1n, 1n, -5n, 1n), '-1 (train 1000), -5 (train 1001)'],
  ['header/pulseCount', BigUint64Array.of(2n, 2n ** 64n - 1n, 1n), '18446744073709551615 (train 1001)'],
])('%s that cannot be is named and copied: %#', async (name, data, digits) => {
  const run = await runOf(with_(`${ROOT}/${name}`, data))
  expect(trains(run)).toEqual(['1000: 0+2', '1001: 2+3', '1002: 5+1'])
  expect(problems(run)).toEqual([`error : numbers that mean nothing: ${digits}: copied as they are`])
})

describe('a train id twice in a file', () => {
  const owners = (...ids: number[]) => BigUint64Array.from(ids, BigInt)
  test('is of the row whose frames say so', async () => {
    const run = await runOf({
      ...column('trainId', owners(1000, 1000, 1001, 1001, 1001, 1002)),
      trainIds: [1001, 1001, 1002],
    })
    expect(trains(run)).toEqual(['1001: 2+3', '1002: 5+1'])
    expect(problems(run)).toEqual([expect.stringContaining('INDEX has this train twice')])
  })

  test('is of the first row where the frames do not tell', async () => {
    const run = await runOf({ ...plain, trainIds: [1001, 1001, 1002], without: [`${ROOT}/image/trainId`] })
    expect(trains(run)).toEqual(['1001: 0+2', '1002: 5+1'])
    expect(problems(run)).toEqual([expect.stringContaining('met before in this module')])
  })
})
