import { join } from 'node:path'
import Database from 'libsql'
import { beforeEach, describe, expect, it } from 'vitest'
import { type NewVersion, SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { moduleIndex } from '../../src/model/ids.js'
import { temporaryFolder } from './folder.js'

const folder = temporaryFolder()
let count = 0
let root: string
let catalogue: SqliteCatalogue
beforeEach(() => {
  root = join(folder, `changes-${count++}`)
  catalogue = SqliteCatalogue.open(root, 'write')
  catalogue.place({ detector: 'agipd1m', module: 0, beginAt: new Date(1.7e12), pdu: 'UNIT' })
  return () => catalogue.close()
})

const version = (n: number, bias: number): NewVersion => ({
  ...{ pdu: 'UNIT', calibration: 'Offset', detectorType: AGIPD_1M.type, file: `xfel/cal/${n}.h5` },
  ...{
    dataset: '/UNIT/Offset/0',
    beginAt: new Date(1.7e12 + n),
    conditions: { 'Sensor Bias Voltage': bias },
  },
  ...{ shape: [1], dtype: 'f4', dims: ['cell'], size: 1, sha256: `${n}`, rawData: undefined },
})

/** The id of the offset that a run at a bias of 300 V gets. */
async function found(): Promise<number | undefined> {
  const all = await catalogue.find({
    detector: AGIPD_1M,
    modules: [moduleIndex(0)],
    calibrations: ['Offset'],
    conditions: { 'Sensor Bias Voltage': 300 },
    at: new Date(1.7e12 + 10),
    strategy: 'closest',
  })
  return all.get(moduleIndex(0))?.constants.get('Offset')?.id
}

describe('a constant', () => {
  it('that is removed is found no more, until it is restored; the row and its history stay', async () => {
    const [first, second] = [version(1, 300), version(2, 300)].map(each => catalogue.insert(each).id)
    expect(await found()).toBe(second)
    catalogue.changes.remove(second ?? 0, 'shutter open')
    expect(await found()).toBe(first)
    expect(catalogue.list().map(({ id }) => id)).toEqual([first])
    expect(catalogue.list({ removed: true }).map(({ id }) => id)).toEqual([second])
    expect(() => catalogue.changes.remove(second ?? 0)).toThrow(/removed already/)
    expect(() => catalogue.changes.amend(second ?? 0, { beginAt: new Date() })).toThrow(
      /constant 2 is removed$/,
    )
    catalogue.changes.restore(second ?? 0)
    expect(await found()).toBe(second)
    expect(catalogue.changes.of(second ?? 0).map(({ action, reason }) => [action, reason])).toEqual([
      ['removed', 'shutter open'],
      ['restored', undefined],
    ])
    expect(() => catalogue.changes.restore(second ?? 0)).toThrow(/nothing was done/)
  })

  it('that was stated wrongly is amended, step by step, and back', async () => {
    const { id } = catalogue.insert(version(1, 200))
    expect(await found()).toBeUndefined()
    catalogue.changes.amend(id, { conditions: { 'Sensor Bias Voltage': 300 } }, 'typo')
    expect(await found()).toBe(id)
    catalogue.changes.amend(id, { beginAt: new Date(1.6e12) })
    expect(catalogue.list({ id })[0]).toMatchObject({ beginAt: new Date(1.6e12) })
    catalogue.close()
    catalogue = SqliteCatalogue.open(root, 'write')
    expect(catalogue.changes.restore(id).action).toBe('amended')
    catalogue.changes.restore(id)
    expect(catalogue.list({ id })[0]).toMatchObject({
      beginAt: new Date(1.7e12 + 1),
      conditions: { 'Sensor Bias Voltage': 200 },
    })
    expect(() => catalogue.changes.amend(id, { beginAt: new Date(1.7e12 + 1) })).toThrow(/stated so already/)
    expect(() => catalogue.changes.amend(99, { beginAt: new Date() })).toThrow(/there is no constant 99/)
  })

  it.each([
    ['a change that is gone', 'DELETE FROM changes WHERE id = 1'],
    ['one with another version', 'UPDATE changes SET version = 2'],
    ['one with another action', "UPDATE changes SET action = 'restored'"],
    ['all of them', 'DELETE FROM changes'],
  ])('is not brought back by damage: %s', async (_, sql) => {
    const { id } = catalogue.insert(version(1, 300))
    catalogue.changes.remove(id)
    catalogue.close()
    const database = new Database(join(root, 'catalogue.sqlite'))
    database.exec(sql)
    database.close()
    catalogue = SqliteCatalogue.open(root)
    await expect(found()).rejects.toThrow(/the catalogue is damaged/)
  })

  it('of a catalogue of an earlier detcal can be removed too, once somebody writes to it', async () => {
    const { id } = catalogue.insert(version(1, 300))
    catalogue.close()
    const database = new Database(join(root, 'catalogue.sqlite'))
    database.exec('DROP TABLE changes; PRAGMA user_version = 2')
    database.close()
    catalogue = SqliteCatalogue.open(root)
    expect(await found()).toBe(id)
    catalogue.close()
    catalogue = SqliteCatalogue.open(root, 'write')
    catalogue.changes.remove(id)
    expect(await found()).toBeUndefined()
  })
})
