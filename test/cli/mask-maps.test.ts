import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { AGIPD_DEFAULT_STEPS } from '../../src/kits/agipd/steps.js'
import { DSSC_1M } from '../../src/kits/dssc/record.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { unpackDetectorRun } from '../golden/detectors/index.js'
import type { GoldenChain } from '../golden/run/index.js'
import { detcal, type Ended, failureLines } from '../helpers/command.js'
import { expectGoldenRun, type GoldenPlace, goldenPlace, importGolden } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

// Which bad-pixel maps make the mask, through the command and back from its files. The catalogue has those of darks, pulse
// capacitor, flat field and current source; the bits are numpy's.
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const [dark, pc, ff, cs] = ['BadPixelsDark', 'BadPixelsPC', 'BadPixelsFF', 'BadPixelsCS'] as const

interface Metadata {
  readonly 'retrieved-constants': Record<string, { constants?: Record<string, unknown> }>
  readonly 'module-outcomes': Record<string, { 'mask-maps': string[]; skipped: { reason: string }[] }>
}

function correct(out: string, ...options: string[]): Ended {
  return detcal('correct', place.golden.path, '--out', out, '--no-sync', ...options)
}

const fromCatalogue = () => ['--catalogue', place.catalogue]
const withSteps = (...steps: string[]) => ['--steps', [...AGIPD_DEFAULT_STEPS, ...steps].join()]
const metadataOf = (out: string) => join(out, `calibration_metadata_${place.golden.karaboId}.yml`)
const read = (file: string) => parse(readFileSync(file, 'utf8')) as Metadata

/** The maps that a metadata file names among the constants of each module, and those that it says made the mask. */
function namedMaps(file: string): string[][] {
  const tree = read(file)
  return Object.entries(tree['module-outcomes']).map(([module, { 'mask-maps': made }]) => {
    const names = Object.keys(tree['retrieved-constants'][module]?.constants ?? {})
    expect(names.filter(name => name.startsWith('BadPixels')).sort()).toEqual([...made].sort())
    return made
  })
}

describe.each<[GoldenChain, string[], string[]]>([
  ['default', [], [dark]],
  ['baseline', withSteps('adjust-mg-baseline'), [dark, pc]],
  [
    'medium-gain',
    [...withSteps('relative-gain', 'adjust-mg-baseline', 'xray-gain'), '--gain-mode', 'medium'],
    [dark, ff],
  ],
  ['other-maps', ['--bad-pixels', 'ff, PC'], [pc, ff]],
  [
    'dark-map',
    [...withSteps('relative-gain', 'adjust-mg-baseline', 'xray-gain'), '--bad-pixels', 'dark'],
    [dark],
  ],
])('the mask of the %s chain', (chain, options, maps) => {
  test('is made of its maps, which metadata file, --json and plan tell', async () => {
    const out = join(scratch(), 'out')
    const ended = correct(out, ...fromCatalogue(), ...options, '--json')
    expect([ended.status, failureLines(ended)]).toEqual([0, []])
    await expectGoldenRun(place.golden, out, chain)
    expect(namedMaps(metadataOf(out))).toEqual([maps, maps, maps])
    const told = (json: string) =>
      (JSON.parse(json) as { modules: { maskMaps: string[] }[] }).modules.map(({ maskMaps }) => maskMaps)
    expect(told(ended.stdout)).toEqual([maps, maps, maps])
    if (chain !== 'default') return
    const planned = correct(join(out, 'no'), ...fromCatalogue(), '--dry-run', '--json')
    expect(told(planned.stdout)).toEqual([maps, maps, maps])
  })
})

describe('with --constants-from', () => {
  let plain: string
  let named: string
  beforeAll(() => {
    const { folder } = place
    for (const [name, options] of [
      ['plain', []],
      ['named', ['--bad-pixels', 'dark,pc,ff,cs']],
    ] as const)
      expect(correct(join(folder, name), ...fromCatalogue(), ...options, '--trains', ':1')).toMatchObject({
        status: 0,
      })
    plain = metadataOf(join(folder, 'plain'))
    named = metadataOf(join(folder, 'named'))
  })

  /** A copy of a metadata file without some constants. */
  function without(file: string, ...names: readonly string[]): string {
    const tree = read(file)
    for (const { constants } of Object.values(tree['retrieved-constants']))
      for (const name of names) delete constants?.[name]
    const copy = join(scratch(), 'm.yml')
    writeFileSync(copy, stringify(tree))
    return copy
  }

  test.each<[GoldenChain, () => string, string[]]>([
    ['every-map', () => named, []],
    ['other-maps', () => without(named, dark, cs), []],
    ['dark-map', () => plain, withSteps('relative-gain', 'adjust-mg-baseline', 'xray-gain')],
    ['default', () => named, ['--bad-pixels', 'dark']],
  ])('the maps that the file names make the mask, whatever the steps: %s', async (chain, file, options) => {
    const out = join(scratch(), 'out')
    const ended = correct(out, '--constants-from', file(), ...options)
    expect([ended.status, failureLines(ended)]).toEqual([0, []])
    expect(ended.stderr).not.toContain('mask')
    await expectGoldenRun(place.golden, out, chain)
  })

  test.each<[string, () => string, string[], string, string[]]>([
    ['a file that names none', () => without(plain, dark), [], 'mask skipped: no bad-pixel map is named', []],
    [
      'a map that is asked for and not named',
      () => plain,
      ['--bad-pixels', 'dark,ff'],
      'the mask is without BadPixelsFF: there is none',
      [dark],
    ],
  ])('%s: that is said', (_, file, options, says, maps) => {
    const out = join(scratch(), 'out')
    const ended = correct(out, '--constants-from', file(), ...options, '--trains', ':1')
    expect(ended.status).toBe(0)
    expect(ended.stderr).toContain(`warning: modules 0, 4, 15: ${says}`)
    expect(namedMaps(metadataOf(out))).toEqual([maps, maps, maps])
  })
})

describe('a catalogue without', () => {
  /** A catalogue with these calibrations alone. */
  function catalogueOf(...calibrations: string[]): string {
    const folder = scratch()
    const [exported, catalogue] = [join(folder, 'constants'), join(folder, 'catalogue')]
    const which = ['--calibrations', calibrations.join(), '--out', exported]
    expect(detcal('constants', 'export', ...fromCatalogue(), ...which)).toMatchObject({ status: 0 })
    const files = readdirSync(exported, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.h5'))
      .map(name => join(exported, name))
    expect(detcal('constants', 'import', ...files, '--catalogue', catalogue)).toMatchObject({ status: 0 })
    return catalogue
  }

  test('BadPixelsFF: the mask of xray-gain is without it, and that is said', () => {
    const out = join(scratch(), 'out')
    const catalogue = catalogueOf('Offset', 'ThresholdsDark', dark, pc, 'SlopesFF')
    const ended = correct(out, '--catalogue', catalogue, ...withSteps('xray-gain'), '--trains', ':1')
    expect(ended.status).toBe(0)
    expect(ended.stderr).toContain(
      'warning: modules 0, 4, 15: the mask is without BadPixelsFF: there is none',
    )
    expect(namedMaps(metadataOf(out))).toEqual([[dark], [dark], [dark]])
  })

  test('SlopesFF and SlopesPC: the steps are skipped, and their maps are not fetched', async () => {
    const out = join(scratch(), 'out')
    const catalogue = catalogueOf('Offset', 'ThresholdsDark', dark, pc, ff, cs)
    const steps = withSteps('relative-gain', 'adjust-mg-baseline', 'xray-gain')
    const ended = correct(out, '--catalogue', catalogue, ...steps)
    expect(ended.status).toBe(0)
    expect(ended.stderr).not.toContain('the mask is without')
    for (const skipped of ['relative-gain', 'adjust-mg-baseline', 'xray-gain'])
      expect(ended.stderr).toContain(`modules 0, 4, 15: ${skipped} skipped`)
    await expectGoldenRun(place.golden, out, 'default')
  })
})

describe('--bad-pixels that cannot be is a usage error', () => {
  test.each<[string, string[], RegExp]>([
    ['a map of no detector', ['--bad-pixels', 'dark,bright'], /AGIPD-1M has no bad-pixel map "bright"\. Use/],
    [
      'a calibration',
      ['--bad-pixels', 'BadPixelsDark'],
      /no bad-pixel map "badpixelsdark"\. Use some of dark, pc/,
    ],
    [
      'no map',
      ['--bad-pixels', ' , '],
      /--bad-pixels is empty\. Use some of dark, pc, ff, cs, or leave mask out/,
    ],
    [
      'maps without a mask',
      ['--bad-pixels', 'dark', '--steps', 'threshold,offset'],
      /--bad-pixels says nothing without the step mask\. Add mask/,
    ],
  ])('%s', (_, options, says) => {
    const ended = correct(join(scratch(), 'out'), ...fromCatalogue(), ...options)
    expect(failureLines(ended)).toEqual([expect.stringMatching(says)])
    expect(ended).toMatchObject({ status: 2, stdout: '' })
  })

  test.each([
    [
      'lpd',
      LPD_1M,
      'dark,pc',
      /LPD-1M has no bad-pixel map "pc"\. Use some of dark, ff/,
      'ff',
      ['BadPixelsFF'],
    ],
    [
      'dssc',
      DSSC_1M,
      'ff',
      /DSSC-1M has no bad-pixel map "ff"\. Use some of dark/,
      'dark',
      ['BadPixelsDark'],
    ],
  ] as const)('%s: one that the detector has not', async (name, detector, wrong, says, right, maps) => {
    const folder = scratch()
    const golden = unpackDetectorRun(name, folder)
    const catalogue = join(folder, 'catalogue')
    await importGolden(golden, folder, catalogue, detector)
    const correctWith = (map: string) =>
      detcal(
        ...['correct', golden.path, '--out', join(folder, 'out'), '--catalogue', catalogue],
        ...['--dry-run', '--json', '--bad-pixels', map],
      )
    const ended = correctWith(wrong)
    expect(failureLines(ended)).toEqual([expect.stringMatching(says)])
    expect(ended.status).toBe(2)
    const { modules } = JSON.parse(correctWith(right).stdout) as { modules: { maskMaps: string[] }[] }
    for (const { maskMaps } of modules) expect(maskMaps).toEqual(maps)
  })

  test('a file of options may name maps in a list', () => {
    const config = join(scratch(), 'options.yml')
    writeFileSync(config, 'bad-pixels: [dark, cs]\n')
    const ended = correct(
      join(scratch(), 'out'),
      ...fromCatalogue(),
      '--config',
      config,
      '--dry-run',
      '--json',
    )
    const { modules } = JSON.parse(ended.stdout) as { modules: { maskMaps: string[] }[] }
    expect(modules.map(({ maskMaps }) => maskMaps)).toEqual(Array(3).fill([dark, cs]))
  })
})
