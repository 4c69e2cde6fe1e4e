import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { verifyCatalogue } from '../../constants/catalogue/verify.js'
import { describeConstants } from '../../constants/files/layout.js'
import { requireWritten } from '../../constants/files/not-written.js'
import { locateConstant } from '../../constants/files/source.js'
import { type ConstantArray, writeConstants } from '../../constants/files/write.js'
import { loadPlanes } from '../../constants/loading/load.js'
import { statisticsOf } from '../../constants/loading/statistics.js'
import { calibrationOf } from '../../constants/model/calibrations.js'
import type { PlaneRecipe } from '../../src/corrections/planes.js'
import { contentOf } from '../../src/files/content.js'
import { NewFile } from '../../src/hdf5/create/new-file.js'
import type { LocatedElements } from '../../src/hdf5/direct/types.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import type { Problem } from '../../src/model/problem.js'
import { UNREADABLE_FILES, unpackUnreadable } from '../golden/constants/index.js'
import { temporaryFolder } from './folder.js'

// Whatever an import takes a correction can load, and verify tells what an earlier import took and none can.
const folder = temporaryFolder()
const SHAPE = [128, 512, 1, 3]
const DIMS = ['fast_scan', 'slow_scan', 'cell', 'gain']
const N = 128 * 512 * 3
let files: ReturnType<typeof unpackUnreadable>
let catalogue: string
let count = 0
beforeAll(() => {
  files = unpackUnreadable(folder)
})
beforeEach(() => {
  catalogue = join(folder, `catalogue-${count++}`)
})

async function within<T>(use: (catalogue: SqliteCatalogue) => Promise<T> | T): Promise<T> {
  const opened = SqliteCatalogue.open(catalogue, 'write')
  try {
    return await use(opened)
  } finally {
    opened.close()
  }
}

const UNIT = { detector: AGIPD_1M, detectorName: 'agipd1m', module: 3 } as const
const BEGIN = new Date('2025-01-01T00:00:00Z')

function importing(path: string) {
  return within(at => importConstants(at, { ...UNIT, files: [path], beginAt: BEGIN }))
}

/** Enters the constants of a file as an earlier version did, which did not read them. */
async function enterUnread(path: string): Promise<void> {
  const content = await contentOf(path)
  const stored = await describeConstants(path)
  const file = 'xfel/cal/type/p/cal.1.h5'
  await within(at => {
    mkdirSync(dirname(join(catalogue, file)), { recursive: true })
    copyFileSync(path, join(catalogue, file))
    at.transaction(() => {
      at.place({ detector: 'agipd1m', module: 3, beginAt: BEGIN, pdu: 'P' })
      for (const { calibration, dataset, shape, dtype = 'f4' } of stored)
        at.insert({
          ...{
            calibration,
            dataset,
            shape,
            dtype,
            dims: DIMS,
            ...content,
            conditions: {},
            rawData: undefined,
          },
          ...{ detectorType: AGIPD_1M.type, pdu: 'P', beginAt: BEGIN, file },
        })
    })
  })
}

async function errorsOf(): Promise<Problem[]> {
  return within(async at => {
    const problems: Problem[] = []
    for await (const problem of verifyCatalogue(at, [AGIPD_1M])) problems.push(problem)
    return problems.filter(({ severity }) => severity === 'error')
  })
}

/** Loads a file's constant as a correction does. */
async function loading(path: string): Promise<void> {
  const [stored] = await describeConstants(path)
  if (stored?.dtype === undefined) throw new Error('of no type')
  const { calibration: name, dtype } = stored
  const version = { ...stored, dtype, dims: DIMS, path, size: statSync(path).size }
  const constants = new Map([[name, await locateConstant(AGIPD_1M, version)]])
  const planes: PlaneRecipe[] =
    calibrationOf(AGIPD_1M, name)?.kind === 'bits'
      ? [{ kind: 'bad-pixels', calibrations: [name], stage: 1 }]
      : [{ kind: 'value', calibration: name, index: 1 }]
  const buffer = new ArrayBuffer(4 * 128 * 512)
  const lane = { detector: AGIPD_1M, buffer, base: 0, slowScan: [0, 512] } as const
  await loadPlanes({ ...lane, cells: [0], planes, constants })
}

const succeeds = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  )

describe('a constant that h5py opens', () => {
  it.each(UNREADABLE_FILES)('is imported only if a correction can load it: %s', async name => {
    expect(await succeeds(importing(files[name]))).toBe(await succeeds(loading(files[name])))
    const store = readdirSync(catalogue, { recursive: true, encoding: 'utf8' })
    const expected = (await succeeds(loading(files[name]))) ? 1 : 0
    expect(store.filter(file => /h5|import/.test(file))).toHaveLength(expected)
    expect(await errorsOf()).toEqual([])
  })

  it.each([
    ['big-endian', /of another type, where .* Convert it to little-endian f8 or u4\.$/],
    ['half', /of another type.* Convert it to little-endian f8 or u4\.$/],
    ['boolean', /of another type, where an integer .* Convert it/],
    ['complex', /of another type/],
    ['foreign-filter', /./],
    ['damaged-chunk', /chunk 1 cannot be decoded.*\. Check the file/],
  ] as const)('%s: is refused in one line that names file and dataset', async (name, message) => {
    const error = await importing(files[name]).then(
      () => undefined,
      (thrown: Error & { line: string }) => thrown,
    )
    expect(error).toMatchObject({ tag: 'constants', hint: expect.any(String), place: { file: files[name] } })
    expect(error).toMatchObject({ place: { dataset: expect.stringMatching(/^\/P\/\w+\/0\/data$/) } })
    expect(error?.line).toMatch(message)
    expect(error?.line).not.toMatch(/constants verify|\n|\.import/)
  })

  it.each([
    'foreign-filter',
    'damaged-chunk',
    'half',
  ] as const)('%s: verify tells if an earlier import took it', async name => {
    await enterUnread(files[name])
    expect(await errorsOf()).toMatchObject([
      { check: 'dataset', place: { dataset: '/P/Offset/0/data' }, message: expect.any(String) },
    ])
  })
})

describe('a constant that was never written', () => {
  it.each(['Offset', 'BadPixelsDark'])('is none, to import, verify and a correction: %s', async name => {
    const path = join(folder, `unwritten-${name}.h5`)
    const file = new NewFile()
    file.declare(`P/${name}/0/data`, name === 'Offset' ? 'f4' : 'u4', {
      shape: SHAPE,
      chunk: [128, 512, 1, 1],
    })
    file.attributes(`P/${name}/0/data`, { dims: DIMS })
    file.write(path)
    const message = /was never written.* for cells 0: they would read as the fill value/
    await expect(importing(path)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      place: { file: path, dataset: `/P/${name}/0/data` },
    })
    await expect(loading(path)).rejects.toThrow(message)
    await enterUnread(path)
    expect(await errorsOf()).toMatchObject([{ check: 'dataset', message: expect.stringMatching(message) }])
  })

  it('in part is none either: its cells are named, whatever axis they are on', () => {
    const located = (axis: number, ...missing: number[]): LocatedElements => {
      const shape = [2, 2, 2].toSpliced(axis, 0, 8)
      const chunkShape = [1, 2, 1].toSpliced(axis, 0, 1)
      const addresses = new Float64Array(2 * 8 * 2)
      for (const cell of missing) addresses[axis === 0 ? 4 * cell + 3 : 2 * cell + 16] = -1
      const parts = { sizes: new Uint32Array(32), filterMasks: new Uint32Array(32) }
      const storage = { kind: 'chunked', chunkShape, filters: [], addresses, ...parts } as const
      return { path: 'data', shape, maxShape: shape, elementBytes: 4, storage }
    }
    const place = { file: 'f', dataset: 'data' }
    expect(() => requireWritten(located(0), 0, place)).not.toThrow()
    for (const axis of [0, 1]) {
      expect(() => requireWritten(located(axis, 2, 3, 7), axis, place)).toThrow(/cells 2-3, 7: they/)
      expect(() => requireWritten(located(axis, 0), axis, place)).toThrow(/cells 0: they/)
    }
    expect(() =>
      requireWritten({ ...located(0), storage: { kind: 'contiguous', address: -1 } }, 0, place),
    ).toThrow(/cells 0-7: they/)
  })
})

describe('a mask', () => {
  const array = (dtype: ConstantArray['dtype'], value: number | bigint) => {
    const [at, wide] = [N - 1, dtype === 'i8' || dtype === 'u8']
    const types = {
      i4: Int32Array,
      u8: BigUint64Array,
      i8: BigInt64Array,
      f4: Float32Array,
      f8: Float64Array,
    }
    const data = new types[dtype as keyof typeof types](N)
    data[at] = wide ? BigInt(value) : Number(value)
    return data
  }
  const written = async (dtype: ConstantArray['dtype'], value: number | bigint) => {
    const path = join(folder, `mask-${count}.h5`)
    const data = array(dtype, value)
    const constant = { pdu: 'P', calibration: 'BadPixelsDark', shape: SHAPE, dims: DIMS, dtype, data }
    await writeConstants(path, [constant as ConstantArray])
    return path
  }

  it.each([
    ['i4', -(2 ** 31)],
    ['i8', 2n ** 31n],
    ['u8', 2n ** 31n],
    ['f4', 2 ** 31],
    ['f8', 2 ** 31],
  ] as const)('of %s is imported where its values are bits', async (dtype, value) => {
    const path = await written(dtype, value)
    const { versions } = await importing(path)
    expect(versions).toHaveLength(1)
    await loading(path)
    const source = await locateConstant(AGIPD_1M, versions[0]!.version)
    const planes = await statisticsOf(AGIPD_1M, source)
    expect(planes.map(({ bad }) => bad?.pixels)).toEqual([0, 0, 1])
    expect(await errorsOf()).toEqual([])
  })

  it.each([
    ['i8', -1n],
    ['i8', -(2n ** 31n)],
    ['u8', 2n ** 32n],
    ['f4', 0.5],
    ['f8', -1],
    ['f8', Number.NaN],
    ['f8', Number.POSITIVE_INFINITY],
  ] as const)('of %s is refused where one value, %s, is none', async (dtype, value) => {
    const path = await written(dtype, value)
    await expect(importing(path)).rejects.toMatchObject({
      tag: 'constants',
      place: { file: path, dataset: '/P/BadPixelsDark/0/data' },
      hint: 'Store it as u4, or as i4 of the same bits',
    })
    await enterUnread(path)
    expect(await errorsOf()).toMatchObject([
      { check: 'dataset', message: expect.stringMatching(/not a bad-pixel mask\. Store it as u4/) },
    ])
  })
})
