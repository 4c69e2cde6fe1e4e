import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { type ConstantArray, writeConstants } from '../../constants/files/write.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { unpackDetectorRun } from '../golden/detectors/index.js'
import { detcal, type Ended, failureLines, listing } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, importGolden } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'
import { fileContent } from '../helpers/file-content.js'

interface Entry {
  ccv_id?: number
  'creation-time': string
  dataset: string
  path: string
  sha256?: string
  dims?: string[]
}
interface Metadata {
  'calibration-configurations': Record<string, unknown>
  'retrieved-constants': Record<string, { 'physical-name': string; constants: Record<string, Entry> }>
}

let place: GoldenPlace
let first: string
let metadata: string
beforeAll(async () => {
  place = await goldenPlace()
  first = join(place.folder, 'proc')
  const ended = detcal('correct', place.golden.path, '--out', first, '--catalogue', place.catalogue)
  expect(ended).toMatchObject({ status: 0 })
  metadata = join(first, `calibration_metadata_${place.golden.karaboId}.yml`)
})
afterAll(() => place.remove())

function correct(out: string, from: string, ...options: string[]): Ended {
  return detcal('correct', place.golden.path, '--out', out, '--constants-from', from, ...options)
}

/** A copy of the metadata file, changed. */
function changed(change: (tree: Metadata) => void): string {
  const tree = parse(readFileSync(metadata, 'utf8')) as Metadata
  change(tree)
  const path = join(scratch(), 'metadata.yml')
  writeFileSync(path, stringify(tree))
  return path
}

/** Every constant of a tree. */
function entriesOf(tree: Metadata): Entry[] {
  return Object.values(tree['retrieved-constants']).flatMap(group => Object.values(group.constants ?? {}))
}

async function expectEqualFolders(one: string, other: string): Promise<void> {
  const names = readdirSync(one).filter(name => name.endsWith('.h5'))
  expect(names.length).toBeGreaterThan(0)
  expect(readdirSync(other).filter(name => name.endsWith('.h5'))).toEqual(names)
  for (const name of names)
    expect(await fileContent(join(other, name)), name).toEqual(await fileContent(join(one, name)))
}

describe('a correction with the constants of an earlier one', () => {
  test('gives equal files, and says where the constants came from', async () => {
    const out = join(scratch(), 'again')
    expect(correct(out, metadata)).toMatchObject({ status: 0, stderr: expect.not.stringContaining('error') })
    await expectEqualFolders(first, out)
    const [before, after] = [metadata, join(out, `calibration_metadata_${place.golden.karaboId}.yml`)].map(
      file => parse(readFileSync(file, 'utf8')) as Metadata,
    )
    expect(after?.['retrieved-constants']).toEqual(before?.['retrieved-constants'])
    expect(after?.['calibration-configurations']['constants-from']).toBe(metadata)
  })

  test('uses the named ones, though the catalogue has got others since, or is no more', async () => {
    const folder = scratch()
    cpSync(place.catalogue, join(folder, 'catalogue'), { recursive: true })
    rmSync(join(folder, 'catalogue', 'catalogue.sqlite'))
    const from = changed(tree => {
      for (const entry of entriesOf(tree)) entry.path = entry.path.replace(`${place.catalogue}/`, '')
    })
    const root = ['--constants-root', join(folder, 'catalogue')]
    const out = join(folder, 'out')
    expect(correct(out, from, ...root)).toMatchObject({ status: 0 })
    // The attributes name the files, which lie elsewhere now.
    const [name = ''] = readdirSync(out).filter(file => file.endsWith('.h5'))
    const [there, here] = await Promise.all([first, out].map(at => fileContent(join(at, name))))
    for (const content of [there, here]) delete content?.['@detcal_constants']
    expect(here).toEqual(there)
    expect(correct(join(folder, 'rootless'), from)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--constants-root'),
    })
  })

  test('finds constants whose store has moved', () => {
    const folder = scratch()
    cpSync(place.catalogue, join(folder, 'copy'), { recursive: true })
    const from = changed(tree => {
      for (const entry of entriesOf(tree)) entry.path = entry.path.replace(place.catalogue, '/nowhere/store')
    })
    expect(correct(join(folder, 'out'), from, '--constants-root', join(folder, 'copy'))).toMatchObject({
      status: 0,
    })
    expect(correct(join(folder, 'out2'), from)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/nowhere\/store.*the file is missing.*--constants-root/),
    })
  })

  test("reads pycalibration's file, which has neither checksums nor orders of axes", async () => {
    const out = join(scratch(), 'out')
    const from = changed(tree => {
      for (const entry of entriesOf(tree)) {
        delete entry.sha256
        delete entry.dims
        entry['creation-time'] = '2025-01-29T18:36:06.000+01:00'
      }
    })
    const ended = correct(out, from)
    expect(ended).toMatchObject({ status: 0 })
    await expectEqualFolders(first, out)
  })
})

describe('what cannot be used', () => {
  test('is named with its module, and the others are corrected', () => {
    const out = join(scratch(), 'out')
    const from = changed(tree => {
      tree['retrieved-constants']['AGIPD04']!.constants['Offset']!.path = '/nowhere/cal.h5'
    })
    const ended = correct(out, from, '--modules', '0,4', '--no-sync')
    expect(failureLines(ended)).toEqual([
      expect.stringMatching(
        /^error: .*cal\.h5, module 4: not corrected: Offset cannot be used: the file is missing/,
      ),
    ])
    expect(ended.status).toBe(1)
    const modules = readdirSync(out).flatMap(name => /-AGIPD(\d\d)-/.exec(name)?.[1] ?? [])
    expect([...new Set(modules)]).toEqual(['00'])
  })

  test('one that no step needs is a warning, and so is one that nobody knows', async () => {
    const out = join(scratch(), 'out')
    const from = changed(tree => {
      for (const { constants } of Object.values(tree['retrieved-constants'])) {
        if (constants?.['SlopesFF'] === undefined) continue
        constants['SlopesFF'].path = '/nowhere/cal.h5'
        constants['Mood'] = { ...constants['SlopesFF'] }
      }
    })
    const ended = correct(out, from)
    expect(ended.status).toBe(0)
    expect(ended.stderr).toMatch(/warning: .*not needed, but SlopesFF cannot be used: the file is missing/)
    expect(ended.stderr).toMatch(/warning: .*Mood is not a calibration of AGIPD-1M/)
    expect(correct(join(out, '2'), from, '--steps', 'threshold,offset,xray-gain').stderr).toMatch(
      /no module can be corrected: module 0, .*SlopesFF cannot be used/,
    )
  })

  test('a file that is none is one line, and leaves nothing', () => {
    const folder = scratch()
    const before = listing(place.folder)
    const ended = correct(join(folder, 'out'), join(folder, 'm.yml'))
    expect(failureLines(ended)).toEqual([expect.stringMatching(/m\.yml: there is no such file\. Give the/)])
    expect(ended).toMatchObject({ status: 1, stdout: '' })
    expect([listing(folder), listing(place.folder)]).toEqual([[], before])
  })

  test('neither it nor a catalogue is a usage error', () => {
    const { path } = place.golden
    const out = join(scratch(), 'out')
    expect(detcal('correct', path, '--out', out)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/nothing says where the constants are.*--catalogue.*--constants-from/),
    })
    expect(
      detcal('correct', path, '--out', out, '--catalogue', place.catalogue, '--constants-root', '/'),
    ).toMatchObject({ status: 2, stderr: expect.stringContaining('--constants-from') })
  })
})

test('LPD: axes that nobody states are assumed, said, and can be stated', async () => {
  const folder = scratch()
  const golden = unpackDetectorRun('lpd', folder)
  const catalogue = join(folder, 'catalogue')
  await importGolden(golden, folder, catalogue, LPD_1M)
  const correctLpd = (out: string, ...from: string[]) =>
    detcal('correct', golden.path, '--out', join(folder, out), ...from)
  expect(correctLpd('first', '--catalogue', catalogue)).toMatchObject({ status: 0 })
  const own = join(folder, 'first', `calibration_metadata_${golden.karaboId}.yml`)
  const tree = parse(readFileSync(own, 'utf8')) as Metadata
  const from = join(folder, 'm.yml')
  // As in the facility's store: the same numbers, but no names of axes, in the file or beside it.
  const stripped = join(folder, 'cal.1.h5')
  const { 'physical-name': pdu, constants } = tree['retrieved-constants']['LPD00']!
  const shape = [256, 256, 3, 3]
  const data = Float32Array.from({ length: 256 * 256 * 9 }, (_, i) => i % 4001)
  await writeConstants(stripped, [
    {
      pdu,
      calibration: 'Offset',
      shape,
      dims: ['fast_scan', 'slow_scan', 'cell', 'gain'],
      dtype: 'f4',
      data,
    },
  ] satisfies ConstantArray[])
  const { withFile } = await import('../../src/hdf5/library.js')
  await withFile(stripped, 'a', file => {
    ;(
      file.get(`${pdu}/Offset/0/data`) as unknown as { delete_attribute(name: string): void }
    ).delete_attribute('dims')
  })
  const entry = constants['Offset']!
  entry.path = stripped
  delete entry.sha256
  delete entry.dims
  const run = (out: string) => {
    writeFileSync(from, stringify(tree))
    return correctLpd(out, '--constants-from', from, '--modules', '0')
  }
  const assumed = run('assumed')
  expect(assumed.status).toBe(0)
  expect(assumed.stderr).toMatch(
    /warning: .*module 0: Offset is taken as \(fast_scan, slow_scan, cell, gain\)/,
  )
  entry.dims = ['fast_scan', 'slow_scan', 'cell', 'gain']
  expect(run('stated')).toMatchObject({ status: 0, stderr: expect.not.stringContaining('taken as') })
  await expectEqualFolders(join(folder, 'assumed'), join(folder, 'stated'))
  entry.dims = ['slow_scan', 'fast_scan', 'cell', 'gain']
  expect(run('swapped')).toMatchObject({ status: 0, stderr: expect.not.stringContaining('taken as') })
  const [name = ''] = readdirSync(join(folder, 'swapped')).filter(file => file.endsWith('.h5'))
  const [one, other] = await Promise.all(
    ['stated', 'swapped'].map(out => fileContent(join(folder, out, name))),
  )
  expect(other).not.toEqual(one)
})
