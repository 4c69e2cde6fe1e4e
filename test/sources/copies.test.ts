import { expect, test } from 'vitest'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { moduleIndex } from '../../src/model/ids.js'
import { nameRank } from '../../src/sources/run/copies.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { put, scratch, writeModule } from '../helpers/exdf.js'

const OWN = 'RAW-R0001-AGIPD00-S00000.h5'

test.each([
  [0, OWN, 0],
  [3, OWN, 1],
  [0, 'RAW-R0001-ALL-S00000.h5', 1],
  [0, 'CORR-R0001-AGIPD00-S00000.h5', 1],
  [0, 'x.h5', 1],
  [0, 'RAW-R0001-AGIPD00-S00000 (1).h5', 2],
  [0, 'RAW-R0001-AGIPD00-S00000 - Copy.h5', 2],
  [0, 'RAW-R0001-AGIPD00-S00000.bak.h5', 2],
  [0, 'RAW-R0001-AGIPD00-S00000_old.h5', 2],
  [0, 'x (2).h5', 2],
  [0, 'x2.h5', 1],
] as const)('for module %i, %s has rank %i', (module, name, rank) => {
  expect(nameRank(name, moduleIndex(module), AGIPD_1M, [OWN, 'x.h5', name])).toBe(rank)
})

const repeats = async (folder: string) =>
  (await openRun(folder)).problems
    .filter(({ check }) => check === 'copied_file' || check === 'train_ids_unique')
    .map(({ check, severity, place, message }) => [
      check,
      severity,
      place.file?.slice(folder.length + 1),
      message,
    ])

test('the real file wins whatever the order of names', async () => {
  const folder = scratch()
  const real = await writeModule(folder, { trainIds: [1000, 1001], counts: [3, 3] })
  await writeModule(folder, { name: 'A copy.h5', trainIds: [1000, 1001], counts: [1, 1] })
  expect(await repeats(folder)).toEqual([
    ['copied_file', 'warning', 'A copy.h5', expect.stringContaining('all trains of this file are in')],
  ])
  const run = await openRun(folder)
  expect([...run.modules.values()].flat().map(({ path }) => path)).toEqual([real])
})

test('what only the other file has is used', async () => {
  const folder = scratch()
  await writeModule(folder, { trainIds: [1000, 1001], counts: [3, 3] })
  await writeModule(folder, { name: 'more.h5', trainIds: [1001, 1002], counts: [3, 3] })
  expect(await repeats(folder)).toEqual([
    ['copied_file', 'warning', 'more.h5', expect.stringContaining('1 train of this file is in')],
  ])
  expect((await openRun(folder)).trainIds).toEqual([1000, 1001, 1002])
})

test('between two files of the DAQ nothing tells which is right', async () => {
  const folder = scratch()
  await writeModule(folder, { trainIds: [1000, 1001], counts: [3, 3] })
  await writeModule(folder, { sequence: 1, trainIds: [1001, 1002], counts: [3, 3] })
  expect(await repeats(folder)).toEqual([
    ['train_ids_unique', 'error', 'RAW-R0001-AGIPD00-S00001.h5', expect.stringContaining('train 1001')],
  ])
})

test('EXtra-data’s virtual overview is passed over under any name, unless there is nothing else', async () => {
  const folder = scratch()
  const overview = 'RAW-R0001-OVERVIEW.h5'
  const also: Parameters<typeof writeModule>[1]['also'] = file => put(file, '.source_files/names', [OWN])
  await writeModule(folder, { name: overview, trainIds: [1000, 1001], counts: [3, 3], also })
  expect((await openRun(folder)).trainIds).toEqual([1000, 1001])
  await writeModule(folder, { trainIds: [1000], counts: [3] })
  expect(await repeats(folder)).toEqual([])
  expect((await openRun(folder)).trainIds).toEqual([1000])
})
