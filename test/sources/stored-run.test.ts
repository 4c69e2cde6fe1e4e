import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { moduleIndex } from '../../src/model/ids.js'
import type { StoredRun } from '../../src/sources/run/run.js'
import { openStoredRun } from '../../src/sources/run/stored-run.js'
import { scratch, writeModule } from '../helpers/exdf.js'

const KARABO_ID = 'SPB_DET_AGIPD1M-1'
/** A module of a corrected run: no axis of planes, floats. */
const CORRECTED = { frame: [512, 128], dtype: 'f4' } as const

const trainsOf = (run: StoredRun, module: number) =>
  (run.modules.get(moduleIndex(module)) ?? []).map(({ trains }) =>
    trains.map(({ trainId, image }) => [trainId, image.first, image.count]),
  )
const found = ({ problems }: StoredRun, check: string) =>
  problems.filter(problem => problem.check === check).map(({ place, message }) => [place.module, message])

test('a RAW run is opened as openRun does', async () => {
  const folder = scratch()
  await writeModule(folder, { module: 3, trainIds: [1000, 1001], counts: [2, 1] })
  const run = await openStoredRun(folder)
  expect([run.corrected, run.karaboId, run.kit.detector.id]).toEqual([false, KARABO_ID, 'agipd1m'])
  expect(trainsOf(run, 3)).toEqual([
    [
      [1000, 0, 2],
      [1001, 2, 1],
    ],
  ])
})

test('files from before 2024 have raw names and are known by their frames', async () => {
  const folder = scratch()
  await writeModule(folder, { module: 0, trainIds: [1000], counts: [2], ...CORRECTED })
  await writeModule(folder, { module: 0, sequence: 1, trainIds: [1001], counts: [1], ...CORRECTED })
  await writeModule(folder, { module: 11, trainIds: [1000, 0], counts: [2, 0], ...CORRECTED })
  const run = await openStoredRun(folder)
  expect([run.corrected, run.karaboId, run.trainIds]).toEqual([true, KARABO_ID, [1000, 1001]])
  expect([...run.modules.keys()]).toEqual([0, 11])
  expect(trainsOf(run, 0)).toEqual([[[1000, 0, 2]], [[1001, 0, 1]]])
  expect(found(run, 'modules_present')).toHaveLength(14)
})

test('what is damaged is named, and the rest is opened', async () => {
  const folder = scratch()
  await writeModule(folder, { module: 0, trainIds: [1000, 1001], counts: [2, 2], ...CORRECTED })
  await writeModule(folder, { module: 0, sequence: 1, trainIds: [1001], counts: [1], ...CORRECTED })
  await writeModule(folder, { module: 1, trainIds: [1000], counts: [2], frame: [512, 64], dtype: 'f4' })
  writeFileSync(join(folder, 'CORR-R0001-AGIPD02-S00000.h5'), 'no HDF5')
  const run = await openStoredRun(folder)
  expect(trainsOf(run, 0)[0]).toEqual([
    [1000, 0, 2],
    [1001, 2, 2],
  ])
  expect(trainsOf(run, 0)[1]).toEqual([])
  expect(found(run, 'train_ids_unique')).toEqual([[0, expect.stringMatching(/not those of trains 1001/)]])
  expect(run.problems.filter(({ check }) => check === 'files_readable')).toEqual([
    expect.objectContaining({ place: { file: join(folder, 'CORR-R0001-AGIPD02-S00000.h5') } }),
    expect.objectContaining({ message: expect.stringMatching(/is f4 \(2, 512, 64\), expected/) }),
  ])
})

test('a folder with files of another kind beside is opened by its own', async () => {
  const folder = scratch()
  await writeModule(folder, { module: 0, trainIds: [1000], counts: [2], ...CORRECTED })
  copyFileSync(new URL(import.meta.url).pathname, join(folder, 'notes.txt'))
  expect((await openStoredRun(folder)).corrected).toBe(true)
})
