import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'libsql'
import { describe, expect, it } from 'vitest'
import { type NewVersion, SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { makeEarlier } from '../helpers/earlier-catalogue.js'
import { temporaryFolder } from './folder.js'

const folder = temporaryFolder()
let count = 0
const HINT = /Restore it from a copy/

const version = (pdu: string, calibration: string): NewVersion => ({
  ...{
    pdu,
    calibration,
    detectorType: 'agipd-type',
    file: 'xfel/cal/a.h5',
    dataset: `/${pdu}/${calibration}/0`,
  },
  ...{ beginAt: new Date(1.7e12), conditions: {}, shape: [1], dtype: 'f4', dims: ['cell'], size: 1 },
  ...{ sha256: pdu, rawData: undefined },
})

/** A catalogue with two units and their constants. */
function make(): string {
  const root = join(folder, `catalogue-${count++}`)
  const catalogue = SqliteCatalogue.open(root, 'write')
  for (const [module, pdu] of ['UNIT_A', 'UNIT_B'].entries()) {
    catalogue.place({ detector: 'agipd1m', module, beginAt: new Date(1.7e12), pdu })
    for (const calibration of ['Offset', 'Noise']) catalogue.insert(version(pdu, calibration))
  }
  catalogue.close()
  return root
}

function change(root: string, sql: string): void {
  const database = new Database(join(root, 'catalogue.sqlite'))
  database.exec(sql)
  database.close()
}

function within<T>(root: string, mode: 'read' | 'write', use: (catalogue: SqliteCatalogue) => T): T {
  const catalogue = SqliteCatalogue.open(root, mode)
  try {
    return use(catalogue)
  } finally {
    catalogue.close()
  }
}

describe('single bytes that rot: all that is told is right, or an error names the file', () => {
  it.each([
    ['.sqlite', 60],
    ['-wal', 12],
    ['-shm', 12],
  ])('of catalogue%s', (end, copies) => {
    const place = join(folder, `rotten${end}`)
    const script = fileURLToPath(new URL('rotten-catalogues.mjs', import.meta.url))
    execFileSync('mkdir', ['-p', place])
    const lines = execFileSync(process.execPath, [script, place, end, '7', String(copies)], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
    expect(lines).toHaveLength(copies)
    expect(lines[0]).toMatch(/ 0 equal$/)
    for (const line of lines)
      expect(line).toMatch(/ equal$| error .*catalogue\.sqlite.*(damaged: |no catalogue|later detcal).*\. /)
    if (end === '-wal') expect(lines.filter(line => line.endsWith(' equal'))).toHaveLength(1)
  })
})

describe('what a catalogue no longer says', () => {
  it.each([
    ['a constant that is gone', "DELETE FROM versions WHERE calibration = 'Noise'"],
    ['a unit whose constants are all gone', "DELETE FROM versions WHERE pdu = 'UNIT_A'"],
    ['a seal that is gone', "DELETE FROM seals WHERE scope LIKE '%UNIT_A%'"],
    [
      'a unit gone with its seal',
      "DELETE FROM versions WHERE pdu = 'UNIT_A'; DELETE FROM seals WHERE scope LIKE '%UNIT_A%'",
    ],
    ['the seal of all seals gone', "DELETE FROM seals WHERE scope = ''"],
    ['a constant that moved to another unit', "UPDATE versions SET pdu = 'UNIT_B' WHERE id = 1"],
    ['a begin that changed', "UPDATE versions SET begin_at = '2023-11-14T22:13:21.000Z' WHERE id = 1"],
    ['an id that changed', 'UPDATE versions SET id = 77 WHERE id = 1'],
    [
      'a constant that was copied',
      "INSERT INTO versions SELECT 9, 'Offset', detector_type, pdu, file, 'x', begin_at, conditions, shape, dtype, dims, size, sha256, raw_data, created, checksum FROM versions WHERE id = 1",
    ],
  ])('%s', (_, sql) => {
    const root = make()
    change(root, sql)
    expect(() => within(root, 'read', catalogue => catalogue.list())).toThrow(
      expect.objectContaining({ tag: 'constants', hint: expect.stringMatching(HINT) }),
    )
    // Nothing is added to it either.
    expect(() => SqliteCatalogue.open(root, 'write')).toThrow(/damaged/)
  })

  it('a placement that is gone, or another', () => {
    for (const sql of [
      'DELETE FROM placements WHERE module = 0',
      'UPDATE placements SET module = 2 WHERE module = 0',
    ]) {
      const root = make()
      change(root, sql)
      expect(() => within(root, 'read', all => all.pduAt('agipd1m', 0, new Date()))).toThrow(/missing/)
      expect(within(root, 'read', all => all.pduAt('agipd1m', 1, new Date()))).toBe('UNIT_B')
    }
  })

  it('a text that is not UTF-8, in a row and in the description of the tables', () => {
    const root = make()
    change(root, "UPDATE versions SET raw_data = CAST(X'41ff42' AS TEXT) WHERE id = 2")
    expect(() => within(root, 'read', catalogue => catalogue.list())).toThrow(
      /raw_data of versions is not text/,
    )
    const other = make()
    const file = join(other, 'catalogue.sqlite')
    const bytes = readFileSync(file)
    bytes[bytes.indexOf('versions_of_pdu')] = 0xff
    writeFileSync(file, bytes)
    for (const mode of ['read', 'write'] as const)
      expect(() => SqliteCatalogue.open(other, mode)).toThrow(/description of its tables is not text/)
  })

  it('checksums of elements that are damaged or gone are none', async () => {
    const root = make()
    const sums = new Uint8Array(32).fill(7)
    within(root, 'write', catalogue => catalogue.addChecksums(1, sums))
    const query = {
      ...{ detector: (await import('../../src/kits/agipd/record.js')).AGIPD_1M, modules: [0 as never] },
      ...{ calibrations: ['Offset'], conditions: {}, at: new Date(), strategy: 'closest' as const },
    }
    const found = async () =>
      (await within(root, 'read', catalogue => catalogue.find(query)))
        .get(0 as never)
        ?.constants.get('Offset')
    expect((await found())?.checksums).toEqual(sums)
    change(root, 'UPDATE checksums SET sums = zeroblob(32)')
    expect(await found()).toMatchObject({ id: 1 })
    expect((await found())?.checksums).toBeUndefined()
  })
})

describe('a catalogue of an earlier detcal', () => {
  it('is read as before, and sealed by the first who writes', () => {
    const root = make()
    const before = within(root, 'read', all => [all.list(), all.placements()])
    makeEarlier(root)
    expect(within(root, 'read', all => [all.list(), all.placements()])).toEqual(before)
    within(root, 'write', () => {})
    expect(within(root, 'read', all => [all.list(), all.placements()])).toEqual(before)
    change(root, 'UPDATE versions SET size = 2 WHERE id = 1')
    expect(() => within(root, 'read', all => all.list())).toThrow(/constant 1 .* checksum differs/)
  })
})
