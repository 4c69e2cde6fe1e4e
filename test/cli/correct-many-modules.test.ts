import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcal, type Ended, failureLines } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, readBack } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'
import { manyModules } from '../helpers/merged.js'

const MODULES = [0, 4, 15]
const nameOf = (module: number, sequence: number, kind = 'CORR') =>
  `${kind}-R0001-AGIPD${String(module).padStart(2, '0')}-S0000${sequence}.h5`
const ALL = MODULES.flatMap(module => [0, 1].map(sequence => ({ module, sequence })))

let place: GoldenPlace
/** A run with a file for each module and sequence, and a user's files of it: each sequence of all modules in one. */
let single: string
let merged: string
beforeAll(async () => {
  place = await goldenPlace()
  single = join(place.folder, 'single')
  merged = join(place.folder, 'merged')
  for (const folder of [single, merged]) mkdirSync(folder)
  const golden = (sequence: number) => join(place.golden.path, nameOf(0, sequence, 'RAW'))
  for (const { module, sequence } of ALL) await manyModules(raw(module, sequence), golden(sequence), [module])
  await manyModules(join(merged, 'sample.h5'), golden(0), MODULES)
  await manyModules(join(merged, 'Sample more.h5'), golden(1), MODULES)
  expect(correct(single, join(place.folder, 'expected')).status).toBe(0)
})
afterAll(() => place.remove())

const raw = (module: number, sequence: number) => join(single, nameOf(module, sequence, 'RAW'))

function correct(run: string, out: string, ...options: string[]): Ended {
  return detcal('correct', run, '--out', out, '--catalogue', place.catalogue, ...options)
}

const resultsIn = (out: string) => readdirSync(out).filter(name => name.endsWith('.h5'))

/** Expects in `out` the frames that the modules' own files give, under their names. */
async function expectAll(out: string, modules = MODULES): Promise<void> {
  const wanted = ALL.filter(({ module }) => modules.includes(module))
  expect(resultsIn(out)).toEqual(wanted.map(({ module, sequence }) => nameOf(module, sequence)).sort())
  const read = (folder: string) =>
    Promise.all(
      wanted.map(({ module, sequence }) =>
        readBack(join(folder, nameOf(module, sequence)), place.golden.karaboId, module),
      ),
    )
  expect(await read(out)).toEqual(await read(join(place.folder, 'expected')))
}

/** A copy of the run's folder in which files may be added. */
function runFolder(): string {
  const folder = scratch()
  for (const name of readdirSync(single)) copyFileSync(join(single, name), join(folder, name))
  return folder
}

describe('a file of several modules', () => {
  test.each(['1', '2', '5'])('becomes one CORR file a module, with %s workers', async workers => {
    const out = join(scratch(), 'proc')
    const ended = correct(merged, out, '--workers', workers)
    expect(failureLines(ended)).toEqual([])
    expect(ended.status).toBe(0)
    await expectAll(out)
  })

  test('module by module into one folder, and once more in place of what is there', async () => {
    const out = join(scratch(), 'proc')
    expect(correct(merged, out, '--modules', '0').status).toBe(0)
    expect(correct(merged, out, '--modules', '4,15', '--overwrite').status).toBe(0)
    await expectAll(out)
    expect(correct(merged, out).stderr).toContain('exists already')
    expect(correct(merged, out, '--overwrite').status).toBe(0)
    await expectAll(out)
  })

  test('with a combined file beside them', async () => {
    const out = join(scratch(), 'proc')
    expect(correct(merged, out, '--combined', join(out, 'sample.cxi')).status).toBe(0)
    await expectAll(out)
  })
})

describe('a copy beside the original', () => {
  test.each([
    [
      'of one module',
      async (run: string) => copyFileSync(raw(4, 0), join(run, `${nameOf(4, 0, 'RAW').slice(0, -3)} (1).h5`)),
    ],
    ['under a name of its own', async (run: string) => copyFileSync(raw(4, 0), join(run, 'a backup.h5'))],
    [
      'of many modules',
      async (run: string) =>
        void (await manyModules(join(run, 'RAW-R0001-ALL-S00000.h5'), raw(4, 0), MODULES)),
    ],
  ])('is named and not used: %s', async (_, add) => {
    const [run, out] = [runFolder(), join(scratch(), 'proc')]
    await add(run)
    const ended = correct(run, out)
    expect(failureLines(ended)).toEqual([])
    expect(ended.stderr).toMatch(/warning: .*: all trains of this file are in files that .* not this copy/)
    expect(ended.status).toBe(0)
    await expectAll(out)
  })

  test('stands in where the original is missing', async () => {
    const [run, out] = [scratch(), join(scratch(), 'proc')]
    copyFileSync(raw(4, 0), join(run, `${nameOf(4, 0, 'RAW').slice(0, -3)} (1).h5`))
    const ended = correct(run, out)
    expect(ended.status).toBe(0)
    expect(resultsIn(out)).toEqual([nameOf(4, 0)])
  })

  test('that cannot be read costs nothing', async () => {
    const [run, out] = [runFolder(), join(scratch(), 'proc')]
    writeFileSync(join(run, `${nameOf(4, 0, 'RAW').slice(0, -3)} (1).h5`), 'half of it')
    const ended = correct(run, out)
    expect(ended.stderr).toMatch(/warning: .*\(1\)\.h5: is not an HDF5 file/)
    expect(ended.status).toBe(0)
    await expectAll(out)
  })
})

test.each(['overview.h5', 'Overview.H5', 'OVERVIEW.h5'])('%s is no file of the run', async name => {
  const [run, out] = [runFolder(), join(scratch(), 'proc')]
  copyFileSync(raw(4, 0), join(run, name))
  const ended = correct(run, out)
  expect([ended.status, ended.stderr.includes(name)]).toEqual([0, false])
  await expectAll(out)
})

test('two names for one result are refused before anything is written', () => {
  const out = join(scratch(), 'proc')
  const metadata = join(out, 'calibration_metadata_SPB_DET_AGIPD1M-1.yml')
  const ended = correct(merged, out, '--combined', metadata, '--overwrite')
  expect(ended.status).toBe(2)
  expect(failureLines(ended)).toEqual([
    expect.stringContaining(`${metadata}: two results would have this name`),
  ])
  expect(() => readdirSync(out)).toThrow('ENOENT')
})
