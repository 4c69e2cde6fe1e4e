import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ExportedFile, exportConstants } from '../../constants/catalogue/export.js'
import { importAllConstants, importConstants } from '../../constants/catalogue/import.js'
import type { ImportRequest } from '../../constants/catalogue/import-request.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { verifyCatalogue } from '../../constants/catalogue/verify.js'
import { makerOf } from '../../constants/files/layout.js'
import { unitsInFile } from '../../constants/files/pdus-in-file.js'
import { type ConstantArray, writeConstants } from '../../constants/files/write.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { DETECTORS } from '../../src/kits/index.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { EXPECTED_CHEETAH, unpackCheetah } from '../golden/cheetah/index.js'
import { correct, type GoldenPlace, goldenPlace, readBack } from '../helpers/correction.js'
import { temporaryFolder } from './folder.js'

const folder = temporaryFolder()
let root: string
let out: string
let count = 0
beforeEach(() => {
  root = join(folder, `catalogue-${++count}`)
  out = join(folder, `out-${count}`)
})

async function within<T>(at: string, use: (catalogue: SqliteCatalogue) => Promise<T> | T): Promise<T> {
  const catalogue = SqliteCatalogue.open(at, 'write')
  try {
    return await use(catalogue)
  } finally {
    catalogue.close()
  }
}

function exporting(at: string, to = out, overwrite = false): Promise<ExportedFile[]> {
  return within(at, catalogue =>
    exportConstants(catalogue, DETECTORS, { versions: catalogue.list(), out: to, overwrite }),
  )
}

/** Imports exported files with nothing but what they state. */
function importing(files: readonly ExportedFile[], from: string, at: string) {
  return within(at, async catalogue => {
    const requests: ImportRequest[] = []
    for (const { file } of files)
      for (const { pdu, detector, module } of await unitsInFile(join(from, file)))
        requests.push({
          files: [join(from, file)],
          detector: detector.includes('LPD') ? LPD_1M : AGIPD_1M,
          detectorName: detector,
          module,
          ...(pdu === undefined ? {} : { pdu }),
        })
    return importAllConstants(catalogue, requests)
  })
}

/** All that a catalogue knows but where it keeps it. */
function knownTo(at: string) {
  return within(at, catalogue => ({
    versions: catalogue
      .list()
      .map(({ id, file, path, size, sha256, created, dataset, ...known }) => known)
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    placements: catalogue.placements(),
  }))
}

async function put(name: string, arrays: readonly Partial<ConstantArray>[]): Promise<string> {
  const path = join(folder, name)
  await writeConstants(
    path,
    arrays.map((array, i) => ({
      pdu: 'P',
      calibration: 'Offset',
      shape: [128, 512, 1, 3],
      dims: ['fast_scan', 'slow_scan', 'cell', 'gain'],
      dtype: 'f4',
      data: new Float32Array(65536 * 3).fill(i + array.index!),
      ...array,
    })) as ConstantArray[],
  )
  return path
}

const P = { detector: AGIPD_1M, detectorName: 'SPB_DET_AGIPD1M-1', module: 3 } as const

describe('what is exported and imported again', () => {
  let place: GoldenPlace
  beforeAll(async () => {
    place = await goldenPlace()
  })
  afterAll(() => place.remove())

  const framesOf = async (at: string, module: number) => {
    const files = readdirSync(at).filter(name => name.endsWith('.h5'))
    return Promise.all(files.sort().map(file => readBack(join(at, file), place.golden.karaboId, module)))
  }

  it('corrects to the same bits, with the same statements about it', async () => {
    const files = await exporting(place.catalogue)
    expect(files.every(({ file, isNew }) => isNew && existsSync(join(out, file)))).toBe(true)
    await importing(files, out, root)
    expect(await knownTo(root)).toEqual(await knownTo(place.catalogue))
    await within(root, async catalogue => {
      for await (const problem of verifyCatalogue(catalogue, DETECTORS)) expect(problem).toBeUndefined()
    })
    const modules = '0'
    const [before, after] = [join(out, 'before'), join(out, 'after')]
    await correct({ run: place.golden.path, catalogue: place.catalogue, out: before, modules })
    await correct({ run: place.golden.path, catalogue: root, out: after, modules })
    expect(await framesOf(after, 0)).toEqual(await framesOf(before, 0))
  })

  it("keeps image order, which is Cheetah's, and numpy's bits", async () => {
    const { module, steps, files: expected } = EXPECTED_CHEETAH
    const beginAt = new Date('2018-03-01T12:00:00.123Z')
    const request = {
      ...P,
      module,
      files: [unpackCheetah(folder)],
      beginAt,
      conditions: { 'Memory cells': 4 },
    }
    await within(root, catalogue => importConstants(catalogue, request))
    const again = join(folder, 'again')
    const files = await exporting(root)
    expect(files.map(({ file }) => basename(file))).toEqual(['cal.1519905600.123.h5'])
    await importing(files, out, again)
    expect(await knownTo(again)).toEqual(await knownTo(root))
    const proc = join(out, 'proc')
    await correct({ run: place.golden.path, catalogue: again, out: proc, steps })
    expect((await framesOf(proc, module)).map(({ frames }) => frames)).toEqual(expected)
  })
})

it('says who made a constant, as its file did', async () => {
  const software = 'detcal 1.2.3+abc'
  const statements = { conditions: {}, places: [], software }
  const files = [
    await put('made.h5', [
      { index: 0, statements },
      { index: 1, calibration: 'Noise' },
    ]),
  ]
  await within(root, catalogue => importConstants(catalogue, { ...P, files, beginAt: new Date(5000) }))
  const [file] = await exporting(root)
  const path = join(out, file?.file ?? '')
  expect(await makerOf({ path, dataset: '/P/Offset/0' })).toBe(software)
  expect(await makerOf({ path, dataset: '/P/Noise/0' })).toBeUndefined()
})

it('constants of one time share a file, numbered in the order they were entered', async () => {
  const conditions = [1, 2].map(cells => ({ 'Memory cells': cells, 'Integration time': 12.5 }))
  for (const [i, each] of conditions.entries())
    await within(root, async catalogue => {
      const files = [await put(`twice-${i}.h5`, [{ index: i }])]
      await importConstants(catalogue, {
        ...P,
        files,
        beginAt: new Date(5000),
        conditions: each,
        rawData: 'p:1',
      })
    })
  const files = await exporting(root)
  expect(files).toMatchObject([
    {
      file: 'xfel/cal/agipd-type/p/cal.5.h5',
      versions: [{ id: 1 }, { id: 2 }],
      places: [{ detector: P.detectorName, module: 3 }],
    },
  ])
  const again = join(folder, 'numbered')
  await importing(files, out, again)
  await within(again, catalogue =>
    expect(catalogue.list()).toMatchObject(
      conditions.map((each, i) => ({ dataset: `/P/Offset/${i}`, conditions: each, rawData: 'p:1' })),
    ),
  )
})

it('every detector: text conditions, flat constants, masks of 64 bits', async () => {
  const shape = [256, 256, 2]
  const length = 256 * 256 * 2
  const file = await put('lpd.h5', [
    {
      calibration: 'FFMap',
      shape,
      dims: ['slow_scan', 'fast_scan', 'cell'],
      data: new Float32Array(length),
      index: 0,
    },
    {
      calibration: 'BadPixelsFF',
      shape: [2, 256, 256],
      dims: ['cell', 'slow_scan', 'fast_scan'],
      dtype: 'u8',
      data: new BigUint64Array(length).fill(2n ** 31n) as never,
      index: 3,
    },
  ])
  const request = { detector: LPD_1M, detectorName: 'FXE_DET_LPD1M-1', module: 15, files: [file] }
  const conditions = { category: 0, 'Source Energy': 9.3 }
  const order = { 'Memory cell order': '0,2,1,', 'Parallel gain': 0 }
  await within(root, catalogue =>
    importConstants(catalogue, { ...request, beginAt: new Date(1e12 + 7), conditions }),
  )
  const dark = await put('lpd-dark.h5', [{ calibration: 'Noise', shape: [256, 256, 1, 3], index: 0 }])
  const darkRequest = { ...request, files: [dark], beginAt: new Date(1e12 + 7), conditions: order }
  await within(root, catalogue => importConstants(catalogue, darkRequest))
  const files = await exporting(root)
  const again = join(folder, 'lpd')
  await importing(files, out, again)
  expect(await knownTo(again)).toEqual(await knownTo(root))
})

describe('an export', () => {
  const fill = () =>
    within(root, async catalogue => {
      const files = [await put('cal.1.h5', [{ index: 0 }]), await put('cal.2.h5', [{ index: 1 }])]
      await importConstants(catalogue, { ...P, files })
    })
  const names = () => (existsSync(out) ? readdirSync(out, { recursive: true, encoding: 'utf8' }).sort() : [])

  it('once more finds the same bytes; other files are not replaced unasked, and then none appears', async () => {
    await fill()
    await exporting(root)
    const [one = '', two = ''] = [1, 2].map(n => join(out, `xfel/cal/agipd-type/p/cal.${n}.h5`))
    const bytes = readFileSync(two)
    rmSync(one)
    expect((await exporting(root)).map(({ isNew }) => isNew)).toEqual([true, false])
    rmSync(one)
    writeFileSync(two, 'mine')
    await expect(exporting(root)).rejects.toMatchObject({
      tag: 'output',
      place: { file: two },
      hint: expect.stringContaining('--overwrite'),
    })
    expect(names().filter(name => basename(name).startsWith('cal.'))).toEqual([
      'xfel/cal/agipd-type/p/cal.2.h5',
    ])
    expect(readFileSync(two, 'utf8')).toBe('mine')
    await exporting(root, out, true)
    expect(readFileSync(two).equals(bytes)).toBe(true)
  })

  it('of a damaged file is refused', async () => {
    await fill()
    const stored = join(root, 'xfel/cal/agipd-type/p/cal.2.h5')
    const bytes = readFileSync(stored)
    bytes[bytes.length - 5]! ^= 1
    writeFileSync(stored, bytes)
    await expect(exporting(root)).rejects.toMatchObject({ tag: 'constants', place: { file: stored } })
    appendFileSync(stored, 'x')
    await expect(exporting(root)).rejects.toThrow(/checksum/)
    rmSync(stored)
    await expect(exporting(root)).rejects.toThrow(/the file is missing; constant 2 needs it/)
    expect(names()).toEqual([])
  })

  it('into the catalogue, or where no folder can be, is refused', async () => {
    await fill()
    await expect(exporting(root, root)).rejects.toMatchObject({ tag: 'usage' })
    await expect(exporting(root, join(root, 'xfel', 'cal'))).rejects.toMatchObject({ tag: 'usage' })
    symlinkSync(root, out)
    await expect(exporting(root)).rejects.toMatchObject({ tag: 'usage' })
    rmSync(out)
    mkdirSync(out)
    writeFileSync(join(out, 'xfel'), '')
    await expect(exporting(root)).rejects.toMatchObject({ tag: 'output' })
    expect(names()).toEqual(['xfel'])
  })

  it.each([
    ['pdu', '../../../evil'],
    ['detector_type', '../../..'],
    ['calibration', '../Offset'],
    ['begin_at', 'soon'],
    ['conditions', '[1]'],
  ])('from a catalogue whose %s was tampered with leads nowhere', async (column, value) => {
    await fill()
    const database = new Database(join(root, 'catalogue.sqlite'))
    database.prepare(`UPDATE versions SET ${column} = ?`).run(value)
    database.close()
    await expect(exporting(root)).rejects.toMatchObject({ tag: 'constants' })
    expect(names()).toEqual([])
  })
})
