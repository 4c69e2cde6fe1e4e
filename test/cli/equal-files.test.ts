import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dataset, type File, withFile } from '../../src/hdf5/library.js'
import { MAIN } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'

// What is told of how files came about: the same of equal files, and to be found as it is.
let place: GoldenPlace
let folder: string
beforeAll(async () => {
  place = await goldenPlace()
  // Long enough for lines that a writer of YAML would fold.
  folder = join(place.folder, ...Array.from({ length: 4 }, (_, i) => `a-folder-with-a-long-name-${i}`))
  mkdirSync(folder, { recursive: true })
  symlinkSync(place.golden.path, join(folder, 'raw'))
  symlinkSync(place.catalogue, join(folder, 'catalogue'))
  for (const out of ['first', 'second']) {
    const args = [
      'correct',
      'raw',
      '--out',
      out,
      '--catalogue',
      'catalogue',
      '--modules',
      '0',
      '--trains',
      ':1',
      '--combined',
      `${out}.cxi`,
    ]
    // Relative paths, as people type them.
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args, '--constants-cache', 'off'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, expect.any(String)])
  }
})
afterAll(() => place.remove())

const file = (out: string) => join(folder, out, 'CORR-R0001-AGIPD00-S00000.h5')

test('all attributes of a file but the software tell of the result, none of the time', async () => {
  const attributes = (out: string) =>
    withFile(file(out), 'r', ({ attrs }) =>
      Object.fromEntries(Object.entries(attrs).map(([name, { value }]) => [name, value])),
    )
  const [first, second] = [await attributes('first'), await attributes('second')]
  expect(Object.keys(first).sort()).toEqual([
    ...['detcal_constants', 'detcal_options', 'detcal_software', 'detcal_steps'],
  ])
  expect(second).toEqual(first)
})

test('the numbers have their unit: in CORR files, in the combined one', async () => {
  const of = (path: string, dataset: string) =>
    withFile(path, 'r', found =>
      Object.entries((found.get(dataset) as Dataset).attrs).map(([name, { value }]) => [name, value]),
    )
  const unit = [
    ['units', 'ADU'],
    ['unitSymbol', 'ADU'],
  ]
  const image = 'INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/0CH0:output/image'
  expect(Object.fromEntries(await of(file('first'), `${image}/data`))).toEqual(Object.fromEntries(unit))
  expect(await of(file('first'), `${image}/mask`)).toEqual([])
  const data = await of(join(folder, 'first.cxi'), 'entry_1/instrument_1/detector_1/data')
  expect(data).toEqual(expect.arrayContaining(unit))
})

test('METADATA of a file says when it was made', async () => {
  const read = (found: File) => (found.get('METADATA/updateDate') as Dataset).value as string[]
  const [update] = await withFile(file('first'), 'r', read)
  expect(update).toMatch(/^\d{8}T\d{6}Z/)
  expect(Math.abs(Date.now() - isoTime(update ?? ''))).toBeLessThan(600_000)
})

test('paths of the metadata file are absolute, each on one line', () => {
  const text = readFileSync(join(folder, 'first', 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'), 'utf8')
  expect(text).toContain(`\n  in-folder: "${join(folder, 'raw')}"\n`)
  expect(text).toContain(`\n  out-folder: "${join(folder, 'first')}"\n`)
  expect(text).toMatch(/\n +path: "\/\S+\/cal\.[\d.]+\.h5"\n/)
  expect(text).toContain(`\n      - input: "${join(folder, 'raw', 'RAW-R0001-AGIPD00-S00000.h5')}"\n`)
  expect(text).not.toMatch(/\\\n/)
})

/** Milliseconds of `20260131T120000Z`. */
function isoTime(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6Z'))
}
