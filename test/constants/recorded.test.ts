import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { correct, type GoldenPlace, goldenPlace, planOf } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

interface Metadata {
  'calibration-configurations': Record<string, unknown>
  'retrieved-constants': Record<
    string,
    { 'physical-name': string; constants: Record<string, Record<'path' | 'dataset', string>> }
  >
}

let place: GoldenPlace
let metadata: string
beforeAll(async () => {
  place = await goldenPlace()
  const out = join(place.folder, 'proc')
  await correct({ run: place.golden.path, catalogue: place.catalogue, out, trains: ':1' })
  metadata = readFileSync(join(out, `calibration_metadata_${place.golden.karaboId}.yml`), 'utf8')
})
afterAll(() => place.remove())

/** A copy of the metadata file, changed. */
function changed(change: (tree: Metadata) => void): string {
  const tree = parse(metadata) as Metadata
  change(tree)
  const path = join(scratch(), 'metadata.yml')
  writeFileSync(path, stringify(tree))
  return path
}

/** Plans the correction of modules 0 and 4 with the constants that a file names. */
function planFrom(constantsFrom: string) {
  return planOf({
    run: place.golden.path,
    constantsFrom,
    constantsRoot: scratch(),
    out: join(place.folder, 'out'),
    modules: [0, 4],
  })
}

describe('constants that cannot be used', () => {
  const module4 = (tree: Metadata) => tree['retrieved-constants']['AGIPD04']!.constants
  const withFile = (change: (path: string) => void) => (tree: Metadata) => {
    const entry = module4(tree)['Offset']!
    const copy = join(scratch(), 'cal.h5')
    copyFileSync(entry.path, copy)
    change(copy)
    for (const each of Object.values(module4(tree))) if (each.path === entry.path) each.path = copy
  }
  test.each<[string, (tree: Metadata) => void, RegExp]>([
    ['a changed file', withFile(path => writeFileSync(path, 'x', { flag: 'a' })), /checksum differs/],
    ['a missing file', withFile(path => rmSync(path)), /the file is missing/],
    [
      'a folder',
      withFile(path => {
        rmSync(path)
        mkdirSync(path)
      }),
      /the file is missing/,
    ],
    [
      'another dataset',
      tree => Object.assign(module4(tree)['Offset']!, { dataset: '/AGIPD_X/Offset/7' }),
      /it is named as Offset of /,
    ],
    [
      'that of another calibration',
      tree => Object.assign(module4(tree)['Offset']!, { dataset: module4(tree)['ThresholdsDark']?.dataset }),
      /it is named as Offset of /,
    ],
    [
      'a dataset that is not there',
      tree => {
        const entry = module4(tree)['Offset']!
        entry.dataset = entry.dataset.replace(/\d+$/, '5')
      },
      /there is no such dataset/,
    ],
    ['no path', tree => Object.assign(module4(tree)['Offset']!, { path: 5 }), /it has no path/],
    [
      'a path that leads out',
      tree => Object.assign(module4(tree)['Offset']!, { path: '../../etc/passwd' }),
      /leads out of --constants-root/,
    ],
    ['a NUL', tree => Object.assign(module4(tree)['Offset']!, { path: '/etc/\0' }), /it has no path/],
    [
      'no time',
      tree => Object.assign(module4(tree)['Offset']!, { 'creation-time': 'then' }),
      /creation-time is not a time/,
    ],
    [
      'no dataset',
      tree => delete (module4(tree)['Offset'] as { dataset?: string }).dataset,
      /it has no dataset/,
    ],
    [
      'a dataset that is none of CalCat',
      tree => Object.assign(module4(tree)['Offset']!, { dataset: 'Offset' }),
      /its dataset is not \/<PDU>\/<Calibration>\/<index>/,
    ],
    [
      'no checksum',
      tree => Object.assign(module4(tree)['Offset']!, { sha256: 'abc' }),
      /its sha256 is no checksum/,
    ],
    [
      'axes that are no names',
      tree => Object.assign(module4(tree)['Offset']!, { dims: [1] }),
      /its dims are no list of names/,
    ],
    ['a list for an entry', tree => Object.assign(module4(tree), { Offset: [] }), /it has no path/],
    [
      'wrong axes',
      tree => Object.assign(module4(tree)['Offset']!, { dims: ['slow_scan', 'fast_scan', 'cell', 'gain'] }),
      /is not \(slow_scan.*State the order of its axes/,
    ],
    ['no entry', tree => Object.assign(module4(tree), { Offset: 'none' }), /it has no path/],
    [
      'none named',
      tree => {
        delete module4(tree)['Offset']
      },
      /there is no Offset\. Give a catalogue that has it/,
    ],
    [
      'a module that is not named',
      tree => {
        delete tree['retrieved-constants']['AGIPD04']
      },
      /there is no Offset and no ThresholdsDark/,
    ],
  ])('%s: its module is named and left out, the others are not', async (_, change, says) => {
    const plan = await planFrom(changed(change))
    const errors = plan.problems.filter(({ severity }) => severity === 'error')
    expect(errors).toMatchObject([{ check: 'module_without_constants', place: { module: 4 } }])
    expect(errors[0]?.message).toMatch(says)
    expect(plan.modules.map(({ module }) => module)).toEqual([0])
  })
})

describe('a file that cannot be used at all', () => {
  const text = (content: string) => () => {
    const path = join(scratch(), 'm.yml')
    writeFileSync(path, content)
    return path
  }
  test.each<[string, () => string, RegExp]>([
    ['a missing one', () => '/nowhere/m.yml', /there is no such file/],
    ['a folder', () => scratch(), /there is no such file/],
    ['no YAML', text('a: ['), /it cannot be read: /],
    ['a list', text('- a'), /it is not a table/],
    ['one without constants', text('a: 5'), /names no constants: retrieved-constants is missing/],
    ['aliases without end', text(bomb()), /it cannot be read: |names no constants/],
    ['a key of the prototype', text('__proto__: {retrieved-constants: {}}'), /names no constants/],
    [
      'that of another instance',
      () =>
        changed(tree => {
          tree['calibration-configurations']['karabo-id'] = 'MID_DET_AGIPD1M-1'
        }),
      /names constants of MID_DET_AGIPD1M-1, but the run is one of SPB_DET_AGIPD1M-1/,
    ],
    [
      'that of another detector',
      () =>
        changed(tree => {
          tree['calibration-configurations'] = {}
          tree['retrieved-constants'] = { LPD00: tree['retrieved-constants']['AGIPD00']! }
        }),
      /names constants of LPD00, none of AGIPD-1M/,
    ],
  ])('%s', async (_, make, says) => {
    await expect(planFrom(make())).rejects.toMatchObject({
      tag: 'constants',
      message: expect.stringMatching(says),
    })
  })
})

/** Each alias stands for ten of the one before. */
function bomb(): string {
  const lines = ['a0: &a0 [x]']
  for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${new Array(10).fill(`*a${i - 1}`).join(', ')}]`)
  return lines.join('\n')
}
