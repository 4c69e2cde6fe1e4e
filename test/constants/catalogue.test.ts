import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Database from 'libsql'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ConstantQuery } from '../../constants/catalogue/catalogue.js'
import { type ImportRequest, importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { verifyCatalogue } from '../../constants/catalogue/verify.js'
import { type ConstantArray, writeConstants } from '../../constants/files/write.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { moduleIndex } from '../../src/model/ids.js'
import type { Problem } from '../../src/model/problem.js'
import { makeEarlier } from '../helpers/earlier-catalogue.js'
import { temporaryFolder } from './folder.js'

const folder = temporaryFolder()
const DIMS = ['fast_scan', 'slow_scan', 'cell', 'gain']
let root: string
let count = 0
beforeEach(() => {
  root = join(folder, `catalogue-${count++}`)
})

/** A small constant file; `fill` makes its content unique. */
async function file(
  name: string,
  pdu: string,
  fill: number,
  calibrations = ['Offset'],
  dims = DIMS,
): Promise<string> {
  const path = join(folder, name)
  const planes = { Offset: 3, ThresholdsDark: 5, SlopesPC: 10 } as Record<string, number>
  await writeConstants(
    path,
    calibrations.map((calibration): ConstantArray => {
      const shape = [128, 512, 1, planes[calibration] ?? 3]
      return {
        pdu,
        calibration,
        shape,
        dims,
        dtype: 'f4',
        data: new Float32Array(65536 * shape[3]!).fill(fill),
      }
    }),
  )
  return path
}

const request = (files: string[], more: Partial<ImportRequest> = {}): ImportRequest => ({
  files,
  detector: AGIPD_1M,
  detectorName: 'SPB_DET_AGIPD1M-1',
  module: 3,
  ...more,
})

async function within<T>(
  use: (catalogue: SqliteCatalogue) => Promise<T> | T,
  mode: 'read' | 'write' = 'write',
) {
  const catalogue = SqliteCatalogue.open(root, mode)
  try {
    return await use(catalogue)
  } finally {
    catalogue.close()
  }
}

const query = (at: string, more: Partial<ConstantQuery> = {}): ConstantQuery => ({
  detector: AGIPD_1M,
  karaboId: 'SPB_DET_AGIPD1M-1',
  modules: [moduleIndex(3), moduleIndex(4)],
  calibrations: ['Offset', 'ThresholdsDark', 'SlopesPC'],
  conditions: {},
  at: new Date(at),
  strategy: 'closest',
  ...more,
})

async function problemsOf(): Promise<Problem[]> {
  return within(async catalogue => {
    const problems: Problem[] = []
    for await (const problem of verifyCatalogue(catalogue, [AGIPD_1M])) problems.push(problem)
    return problems
  }, 'read')
}

describe('import', () => {
  it('copies, checks and enters; the time comes from the name', async () => {
    const path = await file('cal.1700000000.5.h5', 'AGIPD_M1', 1, ['Offset', 'SlopesPC'])
    await within(async catalogue => {
      const conditions = { 'Memory cells': 4, 'Gain mode': 0 }
      const { versions } = await importConstants(catalogue, request([path], { conditions, rawData: 'p:1' }))
      expect(versions.map(({ version, isNew }) => [version.calibration, isNew])).toEqual([
        ['Offset', true],
        ['SlopesPC', true],
      ])
      const { version } = versions[0]!
      expect(version).toMatchObject({
        pdu: 'AGIPD_M1',
        file: 'xfel/cal/agipd-type/agipd_m1/cal.1700000000.5.h5',
        dataset: '/AGIPD_M1/Offset/0',
        beginAt: new Date(1700000000500),
        conditions,
        shape: [128, 512, 1, 3],
        dims: DIMS,
        dtype: 'f4',
        rawData: 'p:1',
      })
      // SlopesPC do not depend on the gain mode.
      expect(versions[1]!.version.conditions).toEqual({ 'Memory cells': 4 })
      expect(readFileSync(version.path).equals(readFileSync(path))).toBe(true)
      expect(catalogue.list({ id: version.id })).toEqual([version])
    })
    expect(await problemsOf()).toEqual([])
  })

  it('is idempotent, whatever the file is called, and refuses other statements about the same content', async () => {
    const path = await file('cal.1700000001.h5', 'P', 2)
    const copy = join(folder, 'copy.h5')
    copyFileSync(path, copy)
    await within(async catalogue => {
      const first = await importConstants(catalogue, request([path]))
      const beginAt = new Date(1700000001000)
      const again = await importConstants(catalogue, request([copy], { beginAt }))
      const inside = await importConstants(catalogue, request([first.versions[0]!.version.path]))
      for (const report of [again, inside])
        expect(report.versions).toEqual([{ version: first.versions[0]!.version, isNew: false }])
      const later = request([copy], { beginAt: new Date() })
      await expect(importConstants(catalogue, later)).rejects.toThrow(/with other begin$/)
      expect(catalogue.placements()).toHaveLength(1)
    })
    expect(readdirSync(join(root, 'xfel/cal/agipd-type/p'))).toEqual(['cal.1700000001.h5'])
  })

  it('another file of the same time gets another name', async () => {
    const beginAt = new Date('2024-01-01T00:00:00Z')
    const a = await file('a.h5', 'P', 3, ['Offset'])
    const b = await file('b.h5', 'P', 3, ['ThresholdsDark'])
    await within(catalogue => importConstants(catalogue, request([a, b], { beginAt })))
    expect(readdirSync(join(root, 'xfel/cal/agipd-type/p')).sort()).toEqual([
      'cal.1704067200.1.h5',
      'cal.1704067200.h5',
    ])
  })

  it('enters all files or none, and leaves no copies', async () => {
    const good = await file('cal.1700000002.h5', 'P', 4)
    const bad = join(folder, 'cal.1700000003.h5')
    writeFileSync(bad, 'not HDF5')
    await within(async catalogue => {
      await expect(importConstants(catalogue, request([good, bad]))).rejects.toMatchObject({
        place: { file: bad },
      })
      const { versions } = await importConstants(catalogue, request([good]))
      const other = await file('cal.1700000005.h5', 'P', 5)
      // Fails within the transaction, after the first file was given its name.
      const contradicting = request([other, good], { conditions: { 'Memory cells': 4 } })
      await expect(importConstants(catalogue, contradicting)).rejects.toThrow(/other conditions/)
      expect(catalogue.list()).toEqual(versions.map(({ version }) => version))
    })
    expect(readdirSync(join(root, 'xfel/cal/agipd-type/p'))).toEqual(['cal.1700000002.h5'])
    expect(await problemsOf()).toEqual([])
  })

  it('says what must be stated', async () => {
    const path = await file('nameless.h5', 'P', 6)
    const flipped = await file(
      'cal.1700000006.h5',
      'P',
      7,
      ['Offset'],
      ['slow_scan', 'fast_scan', 'cell', 'gain'],
    )
    const [several, evil] = [join(folder, 'cal.1700000007.h5'), join(folder, 'cal.1700000008.h5')]
    const constant = { calibration: 'Offset', shape: [128, 512, 1, 3], dims: DIMS, dtype: 'f4' } as const
    const data = new Float32Array(65536 * 3)
    await writeConstants(several, [
      { ...constant, pdu: 'P', data },
      { ...constant, pdu: 'Q', data },
    ])
    await writeConstants(evil, [{ ...constant, pdu: 'a b', data }])
    await within(async catalogue => {
      const importing = (file: string, more: Partial<ImportRequest> = {}) =>
        importConstants(catalogue, request([file], more))
      const beginAt = new Date(0)
      await expect(importing(path)).rejects.toThrow(
        expect.objectContaining({ hint: expect.stringContaining('--begin-at') }),
      )
      await expect(importing(flipped)).rejects.toThrow(
        expect.objectContaining({ hint: expect.stringContaining('--dims') }),
      )
      await expect(importing(several)).rejects.toThrow(
        expect.objectContaining({ hint: expect.stringContaining('--pdu') }),
      )
      await expect(importing(path, { beginAt, pdu: 'Q' })).rejects.toThrow(/not of Q/)
      await expect(importing(evil)).rejects.toThrow(/cannot be the name/)
      await expect(importing(path, { beginAt, module: 16 })).rejects.toMatchObject({ tag: 'usage' })
      await expect(importing(join(folder, 'none.h5'), { beginAt })).rejects.toThrow(/no such file/)
      expect(catalogue.list()).toEqual([])
      expect((await importing(several, { pdu: 'Q' })).versions.map(({ version }) => version.pdu)).toEqual([
        'Q',
      ])
      const dims = ['fast_scan', 'slow_scan', 'cell', 'gain']
      expect((await importing(flipped, { dims })).versions[0]!.version.dims).toEqual(dims)
    })
  })

  it('two processes at once: every constant once, both see all', async () => {
    const files = await Promise.all([1, 2, 3, 4].map(n => file(`cal.180000000${n}.h5`, `U${n}`, n)))
    const script = fileURLToPath(new URL('import-process.mjs', import.meta.url))
    const run = promisify(execFile)
    // Each file twice, from a process of its own.
    const jobs = [...files, ...files].map((path, i) =>
      run(process.execPath, [script, root, String(i % 4), path]),
    )
    const answers = (await Promise.all(jobs)).map(({ stdout }) => JSON.parse(stdout) as [number, boolean][])
    expect(answers.flat().filter(([, isNew]) => isNew)).toHaveLength(4)
    expect(new Set(answers.flat().map(([id]) => id)).size).toBe(4)
    expect(await problemsOf()).toEqual([])
  })
})

describe('find', () => {
  it('follows units that move, whatever the order of imports', async () => {
    const late = await file('cal.1710000000.h5', 'Q', 1)
    const early = await file('cal.1690000000.h5', 'P', 2)
    await within(async catalogue => {
      await importConstants(catalogue, request([late]))
      await importConstants(catalogue, request([early]))
      const pdu = async (at: number) =>
        (await catalogue.find(query(new Date(at * 1000).toISOString()))).get(moduleIndex(3))?.pdu
      expect(await pdu(1600000000)).toBe('P')
      expect(await pdu(1690000000)).toBe('P')
      expect(await pdu(1709999999)).toBe('P')
      expect(await pdu(1710000000)).toBe('Q')
      expect(await pdu(1810000000)).toBe('Q')
      const found = await catalogue.find(query('2030-01-01'))
      expect(found.has(moduleIndex(4))).toBe(false)
    })
  })

  it('selects by time and by conditions that are known', async () => {
    const files = await Promise.all([10, 20, 30].map(n => file(`cal.17000000${n}.h5`, 'P', n)))
    await within(async catalogue => {
      for (const [i, path] of files.entries())
        await importConstants(
          catalogue,
          request([path], { conditions: i === 1 ? { 'Memory cells': 176 } : {} }),
        )
      const at = new Date(1700000022_000).toISOString()
      const begin = async (more: Partial<ConstantQuery>) => {
        const module = (await catalogue.find(query(at, more))).get(moduleIndex(3))!
        expect([...module.constants.keys()]).toEqual(['Offset'])
        return module.constants.get('Offset')!.beginAt.getTime() / 1000 - 1700000000
      }
      expect(await begin({})).toBe(20)
      expect(await begin({ conditions: { 'Memory cells': 176.00001 } })).toBe(20)
      expect(await begin({ conditions: { 'Memory cells': 352 } })).toBe(30)
      expect(await begin({ conditions: { 'Memory cells': 352 }, strategy: 'prior' })).toBe(10)
    })
  })

  it('under the detector’s id any instance finds it, but an instance’s own comes first', async () => {
    const [general, own] = [await file('cal.1700000100.h5', 'G', 1), await file('cal.1700000101.h5', 'S', 2)]
    await within(async catalogue => {
      await importConstants(catalogue, request([general], { detectorName: 'agipd1m' }))
      const pdu = async (karaboId: string) =>
        (await catalogue.find(query('2024-01-01', { karaboId }))).get(moduleIndex(3))?.pdu
      expect(await pdu('MID_DET_AGIPD1M-1')).toBe('G')
      await importConstants(catalogue, request([own], { detectorName: 'MID_DET_AGIPD1M-1' }))
      expect(await pdu('MID_DET_AGIPD1M-1')).toBe('S')
      expect(await pdu('SPB_DET_AGIPD1M-1')).toBe('G')
    })
  })

  it('one unit is not two modules at one time', async () => {
    const path = await file('cal.1700000200.h5', 'P', 1)
    await within(async catalogue => {
      await importConstants(catalogue, request([path]))
      await expect(importConstants(catalogue, request([path], { module: 4 }))).rejects.toThrow(
        /cannot be module 4/,
      )
    })
  })
})

describe('opening', () => {
  it('reading needs a catalogue, and does not write', async () => {
    expect(() => SqliteCatalogue.open(root)).toThrow(/no catalogue/)
    expect(existsSync(root)).toBe(false)
    await within(() => {})
    await within(catalogue => {
      expect(() => catalogue.place({ detector: 'd', module: 1, beginAt: new Date(), pdu: 'P' })).toThrow(
        /readonly/,
      )
    }, 'read')
  })

  it('refuses a later catalogue, another database and no database', () => {
    const sqlite = join(root, 'catalogue.sqlite')
    mkdirSync(root)
    const make = (sql: string) => {
      rmSync(sqlite, { force: true })
      const database = new Database(sqlite)
      database.exec(sql)
      database.close()
    }
    for (const mode of ['read', 'write'] as const) {
      make('PRAGMA user_version = 99')
      expect(() => SqliteCatalogue.open(root, mode)).toThrow(/later detcal/)
      make('CREATE TABLE t (x)')
      expect(() => SqliteCatalogue.open(root, mode)).toThrow(/no catalogue/)
      writeFileSync(sqlite, 'junk '.repeat(1000))
      expect(() => SqliteCatalogue.open(root, mode)).toThrow(
        expect.objectContaining({ tag: 'constants', place: { file: sqlite } }),
      )
    }
  })

  it('a path that leads out of the catalogue is refused', async () => {
    await within(async catalogue => {
      await importConstants(catalogue, request([await file('cal.1700000300.h5', 'P', 1)]))
    })
    const tamper = () => {
      const database = new Database(join(root, 'catalogue.sqlite'))
      database.exec(`UPDATE versions SET file = '../../../etc/passwd'`)
      database.close()
    }
    tamper()
    await within(catalogue => expect(() => catalogue.list()).toThrow(/its checksum differs/), 'read')
    // One of an earlier detcal has no checksums that would tell.
    makeEarlier(root)
    await within(catalogue => expect(() => catalogue.list()).toThrow(/outside/), 'read')
  })
})

it('verify names every kind of damage', async () => {
  const files = await Promise.all([1, 2, 3, 4].map(n => file(`cal.170000040${n}.h5`, 'P', n)))
  const paths = await within(async catalogue => {
    const { versions } = await importConstants(catalogue, request(files))
    return versions.map(({ version }) => version.path)
  })
  const [missing, short, changed] = paths as [string, string, string]
  rmSync(missing)
  truncateSync(short, 1000)
  const bytes = readFileSync(changed)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 1, bytes.length - 100)
  writeFileSync(changed, bytes)
  const unknown = join(root, 'xfel', 'cal', 'stray.h5')
  writeFileSync(unknown, '')
  const problems = await problemsOf()
  expect(problems.map(({ check, severity, place }) => [check, severity, place.file])).toEqual([
    ['file_exists', 'error', missing],
    ['size', 'error', short],
    ['sha256', 'error', changed],
    ['unknown_file', 'warning', unknown],
  ])
})
