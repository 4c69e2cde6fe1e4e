import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { detcal, failureLines, listing } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, importGolden } from '../helpers/correction.js'
import { type ModuleSpec, scratch, writeModule } from '../helpers/exdf.js'

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const SOURCE = 'INSTRUMENT/SPB_DET_AGIPD1M-1/DET/0CH0:xtdf'

/** Corrects into a folder that does not exist yet; expects one line that says all of `says`, exit code 1, no trace. */
function expectFailure(
  folder: string,
  run: string,
  catalogue: string,
  ...says: readonly (string | RegExp)[]
) {
  const before = [listing(folder), listing(place.folder)]
  const out = join(folder, 'proc', 'r0001')
  const ended = detcal('correct', run, '--out', out, '--catalogue', catalogue)
  const [line = '', ...more] = failureLines(ended)
  expect(more).toEqual([])
  expect(line).toMatch(/^detcal: /)
  for (const text of says) expect(line).toMatch(text)
  expect(ended.stdout).toBe('')
  expect(ended.status).toBe(1)
  expect([listing(folder), listing(place.folder)]).toEqual(before)
}

describe('a folder that is no RAW run', () => {
  const cases: Record<string, { make: (path: string) => void; says: RegExp }> = {
    'is not there': { make: () => {}, says: /no such folder\. Give the folder/ },
    'is a file': { make: path => writeFileSync(path, 'x'), says: /is a file, not a run folder\. Give/ },
    'is empty': { make: path => mkdirSync(path), says: /no \.h5 files: not a run folder\. Give/ },
    'holds runs': {
      make: path => mkdirSync(join(path, 'r0007'), { recursive: true }),
      says: /not a run folder\. Give one run below it, such as .*r0007/,
    },
  }
  test.each(Object.entries(cases))('%s', (_, { make, says }) => {
    const folder = scratch()
    const run = join(folder, 'run')
    make(run)
    expectFailure(folder, run, place.catalogue, run, says)
  })

  test('is corrected already', () => {
    const folder = scratch()
    const proc = join(folder, 'r0001')
    const first = detcal('correct', place.golden.path, '--out', proc, '--catalogue', place.catalogue)
    expect(first.status).toBe(0)
    expectFailure(folder, proc, place.catalogue, proc, /is corrected already.*Give the RAW folder/)
  })
})

describe('a RAW file', () => {
  const names = () => readdirSync(place.golden.path).sort()

  test.each([0, 1, 100, 3000, 20_000])('cut off after %i bytes', bytes => {
    const folder = scratch()
    const [first = ''] = names()
    const path = join(folder, first)
    cpSync(join(place.golden.path, first), path)
    truncateSync(path, bytes)
    expectFailure(
      folder,
      folder,
      place.catalogue,
      path,
      /is (truncated: \d+ of \d+ bytes are there|not an HDF5 file)\. .*[Cc]opy it again/,
    )
  })

  test('that is not HDF5', () => {
    const folder = scratch()
    const path = join(folder, 'RAW-R0001-AGIPD00-S00000.h5')
    writeFileSync(path, 'Not HDF5, '.repeat(1000))
    expectFailure(folder, folder, place.catalogue, path, /is not an HDF5 file\. Copy it again/)
  })

  const fine: ModuleSpec = { trainIds: [1000, 1001], counts: [3, 3], frames: 6 }
  const damaged: Record<string, { spec: Partial<ModuleSpec>; says: RegExp }> = {
    'lacks image/data': {
      spec: { without: [`${SOURCE}/image/data`] },
      says: /, \S*image\/data: this dataset is missing\. Check/,
    },
    'lacks image/cellId': {
      spec: { without: [`${SOURCE}/image/cellId`] },
      says: /, \S*image\/cellId: this dataset is missing\. Check/,
    },
    'lacks image/pulseId': {
      spec: { without: [`${SOURCE}/image/pulseId`] },
      says: /, \S*image\/pulseId: this dataset is missing\. Check/,
    },
    'lacks INDEX/trainId': {
      spec: { without: ['INDEX/trainId'] },
      says: /, INDEX\/trainId: this dataset is missing\. Check/,
    },
    'lacks its list of sources': {
      spec: { without: ['METADATA/dataSources/dataSourceId'] },
      says: /METADATA\/dataSources\/dataSourceId: this dataset is missing: not a data file/,
    },
    'has frames of another shape': {
      spec: { frame: [2, 128, 512] },
      says: /image\/data: is u2 \(6, 2, 128, 512\), expected u2 \(frames, 2, 512, 128\)\. Check/,
    },
    'has frames of another dtype': {
      spec: { dtype: '<i' },
      says: /image\/data: is i4 \(6, 2, 512, 128\), expected u2 .*Check/,
    },
    'is of the interleaved format': {
      spec: { frame: [1, 512, 128], frames: 12 },
      says: /image\/data: .*interleaved frames, the AGIPD-1M format of before 2018/,
    },
    'is still being copied: its index goes beyond its end': {
      spec: { counts: [30, 3], frames: 6 },
      says: /INDEX\/\S+: no train can be used: train 1000: .* INDEX refers to row 30 of 6 .*wait or copy it again/,
    },
  }
  test.each(Object.entries(damaged))('%s', async (_, { spec, says }) => {
    const folder = scratch()
    const path = await writeModule(folder, { ...fine, ...spec })
    expectFailure(folder, folder, place.catalogue, path, says)
  })
})

describe('a catalogue', () => {
  const openAs = (folder: string, sql: string) => {
    const database = new Database(join(folder, 'catalogue.sqlite'))
    database.exec(sql)
    database.close()
  }
  const cases: Record<string, { make: (folder: string) => void; says: RegExp }> = {
    'is not there': {
      make: folder => rmSync(folder, { recursive: true }),
      says: /there is no catalogue\. Name the folder/,
    },
    'is an empty folder': { make: () => {}, says: /there is no catalogue\. Name the folder/ },
    'is no SQLite file': {
      make: folder => writeFileSync(join(folder, 'catalogue.sqlite'), 'no SQLite '.repeat(500)),
      says: /file is not a database\. Restore it/,
    },
    'is another SQLite file': {
      make: folder => openAs(folder, 'CREATE TABLE songs (title)'),
      says: /an SQLite file, but no catalogue\. Name/,
    },
    'is of a later detcal': {
      make: folder => openAs(folder, 'CREATE TABLE versions (id); PRAGMA user_version = 99'),
      says: /a later detcal made this catalogue.*Use that detcal or a newer one/,
    },
  }
  test.each(Object.entries(cases))('%s', (_, { make, says }) => {
    const folder = scratch()
    const catalogue = join(folder, 'catalogue')
    mkdirSync(catalogue)
    make(catalogue)
    expectFailure(folder, place.golden.path, catalogue, join(catalogue, 'catalogue.sqlite'), says)
  })

  test('without a constant of the run', async () => {
    const folder = scratch()
    const catalogue = join(folder, 'catalogue')
    await importGolden({ ...place.golden, constants: [] }, place.folder, catalogue)
    expectFailure(
      folder,
      place.golden.path,
      catalogue,
      place.golden.path,
      /no module can be corrected.*Make dark constants/,
    )
  })

  test('whose files are all gone', () => {
    const folder = scratch()
    const catalogue = join(folder, 'catalogue')
    cpSync(place.catalogue, catalogue, { recursive: true })
    rmSync(join(catalogue, 'xfel'), { recursive: true })
    const before = listing(folder)
    const out = join(folder, 'proc')
    const ended = detcal('correct', place.golden.path, '--out', out, '--catalogue', catalogue)
    for (const line of failureLines(ended))
      expect(line).toMatch(/^error: \S*cal\.\S*, \S+, module \d+: the file is missing\. Find/)
    expect(failureLines(ended)).toHaveLength(3)
    expect(ended.status).toBe(1)
    expect(listing(folder)).toEqual(before)
  })
})

describe('what is wrong with one module leaves the others', () => {
  /** Corrects, expects exit code 1 and one line, module 4 nowhere, the others written and all of it in the metadata. */
  function expectPartial(folder: string, run: string, catalogue: string, says: RegExp) {
    const out = join(folder, 'proc')
    const ended = detcal('correct', run, '--out', out, '--catalogue', catalogue, '--json')
    const lines = failureLines(ended)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(says)
    expect(ended.status).toBe(1)
    const { modules, problems } = JSON.parse(ended.stdout) as {
      modules: { module: number; status: string }[]
      problems: { severity: string; place: { module?: number } }[]
    }
    const whole = modules.filter(({ status }) => status === 'corrected').map(({ module }) => module)
    expect(whole).toEqual([0, 15])
    expect(problems.filter(({ severity }) => severity === 'error').map(({ place }) => place.module)).toEqual([
      4,
    ])
    const yml = readdirSync(out).find(name => name.endsWith('.yml')) ?? ''
    expect(readdirSync(out).filter(name => name !== yml)).toEqual(
      [0, 15].flatMap(module =>
        [0, 1].map(sequence => `CORR-R0001-AGIPD${String(module).padStart(2, '0')}-S0000${sequence}.h5`),
      ),
    )
    return { metadata: readYaml(join(out, yml)), out }
  }

  test('no constants', async () => {
    const folder = scratch()
    const catalogue = join(folder, 'catalogue')
    const constants = place.golden.constants.filter(({ module }) => module !== 4)
    await importGolden({ ...place.golden, constants }, place.folder, catalogue)
    const { metadata } = expectPartial(
      folder,
      place.golden.path,
      catalogue,
      /^error: module 4: not corrected: there is no Offset and no ThresholdsDark\. Make dark constants .* with detcal dark/,
    )
    expect(metadata['module-outcomes']).toMatchObject({
      AGIPD00: { status: 'corrected' },
      AGIPD04: { status: 'not corrected', reason: expect.stringContaining('no Offset') },
      AGIPD15: { status: 'corrected' },
    })
    expect(Object.keys(metadata['retrieved-constants'])).toEqual(['AGIPD00', 'AGIPD15', 'time-summary'])
  })

  test.each(['truncated', 'missing'])('its file of constants %s', how => {
    const folder = scratch()
    const catalogue = join(folder, 'catalogue')
    cpSync(place.catalogue, catalogue, { recursive: true })
    const file = readdirSync(catalogue, { recursive: true, encoding: 'utf8' }).find(name =>
      /m304.*cal.*h5$/i.test(name),
    )
    const path = join(catalogue, file ?? '')
    if (how === 'missing') rmSync(path)
    else truncateSync(path, 10_000)
    const { metadata } = expectPartial(
      folder,
      place.golden.path,
      catalogue,
      /^error: \S*cal\.\S*h5, \/AGIPD_SIV1_AGIPDV11_M304\/\S+, module 4: the file is (missing|10000 bytes long).*Find/,
    )
    expect(metadata['module-outcomes']['AGIPD04']).toMatchObject({ status: 'failed' })
  })

  test('all of its RAW files damaged', () => {
    const folder = scratch()
    const run = join(folder, 'raw')
    cpSync(place.golden.path, run, { recursive: true })
    const names = [0, 1].map(sequence => `RAW-R0001-AGIPD04-S0000${sequence}.h5`)
    for (const name of names) truncateSync(join(run, name), 3000)
    const out = join(folder, 'proc')
    const ended = detcal('correct', run, '--out', out, '--catalogue', place.catalogue)
    expect(failureLines(ended)).toHaveLength(2)
    expect(ended.status).toBe(1)
    const yml = readdirSync(out).find(file => file.endsWith('.yml')) ?? ''
    const outcomes = readYaml(join(out, yml))['module-outcomes']
    expect(outcomes['AGIPD04']).toMatchObject({ status: 'not corrected' })
    for (const name of names) expect(JSON.stringify(outcomes['AGIPD04'])).toContain(name)
  })

  test('one of its RAW files damaged: its other sequence is corrected', () => {
    const folder = scratch()
    const run = join(folder, 'raw')
    cpSync(place.golden.path, run, { recursive: true })
    const name = 'RAW-R0001-AGIPD04-S00000.h5'
    truncateSync(join(run, name), 3000)
    const out = join(folder, 'proc')
    const ended = detcal('correct', run, '--out', out, '--catalogue', place.catalogue)
    expect(failureLines(ended)).toEqual([
      expect.stringMatching(new RegExp(`^error: ${join(run, name)}.*truncated`)),
    ])
    expect(ended.status).toBe(1)
    const corrected = readdirSync(out).filter(file => file.endsWith('.h5'))
    expect(corrected).toEqual(
      readdirSync(run)
        .filter(file => file !== name)
        .map(file => file.replace('RAW', 'CORR')),
    )
    const yml = readdirSync(out).find(file => file.endsWith('.yml')) ?? ''
    expect(readYaml(join(out, yml))['module-outcomes']['AGIPD04']).toMatchObject({
      status: 'partial',
      sequences: [{ status: 'corrected' }, { status: 'failed', input: join(run, name) }],
    })
  })
})

interface Metadata {
  readonly 'module-outcomes': Record<string, unknown>
  readonly 'retrieved-constants': Record<string, unknown>
}

function readYaml(path: string): Metadata {
  return parse(readFileSync(path, 'utf8')) as Metadata
}
