import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { moduleIndex } from '../../src/model/ids.js'
import { joinRun } from '../../src/sources/run/join.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { positionsList } from '../../src/sources/run/query.js'
import { scratch } from '../helpers/exdf.js'
import { unpackGoldenRun } from './run/index.js'

describe('the golden run, written by h5py', () => {
  test('is small enough to live in the repository', () => {
    const folder = new URL('run/files', import.meta.url).pathname
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    const bytes = names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    expect(bytes).toBeLessThan(2 << 20)
  })

  test('is read with the trains, frames and ids its maker says', async () => {
    const golden = unpackGoldenRun(scratch())
    const run = await openRun(golden.path)
    expect(run).toMatchObject({
      karaboId: golden.karaboId,
      proposal: 700000,
      run: 1,
      trainIds: golden.trainIds,
    })
    expect(run.time).toEqual(new Date(1_700_000_000_000))
    expect(run.conditions).toEqual({ 'Memory cells': 4, 'Acquisition rate': 1.1 })
    const checks = run.problems.map(problem => problem.check).sort()
    expect(checks).toEqual([...new Array(13).fill('modules_present'), 'train_flags'])

    const joined = joinRun(run)
    expect(joined.problems).toEqual(run.problems)
    expect([...joined.modules.keys()].map(String)).toEqual(Object.keys(golden.modules))
    for (const [module, files] of Object.entries(golden.modules)) {
      const found = joined.modules.get(moduleIndex(Number(module))) ?? []
      expect(found.map(({ file }) => file.sequence)).toEqual(files.map(file => file.sequence))
      found.forEach(({ file, trains }, i) => {
        const expected = files[i]
        const rows = trains.flatMap(train => positionsList(train.rows))
        expect(trains.map(train => train.trainId)).toEqual(expected?.trains)
        expect(trains.map(train => train.rows.count)).toEqual(expected?.counts)
        expect(rows.map(row => file.pulseIds[row])).toEqual(expected?.pulseIds)
        expect(rows.map(row => file.cellIds[row])).toEqual(expected?.cellIds)
        for (const { entry, trainId } of trains)
          if (entry) expect(entry.flag).toBe(expected?.flags[expected.trains.indexOf(trainId)])
      })
    }
  })
})
