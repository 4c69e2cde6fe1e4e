import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Explanation } from '../../src/explain/outcome.js'
import { detcal, failureLines } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'
import { addressOfFrame, changeByte } from '../helpers/one-byte.js'

// Files of the kernels themselves: what they do is what is decided. Those of other readings are numpy's (test/interop).
let place: GoldenPlace
let proc: string
let metadata: string
beforeAll(async () => {
  place = await goldenPlace()
  proc = join(place.folder, 'proc')
  metadata = join(proc, `calibration_metadata_${place.golden.karaboId}.yml`)
  const steps =
    'threshold,low-medium-gap,force-mg-if-below,force-hg-if-below,offset,relative-gain,set-min,xray-gain,mask,range'
  const out = ['--out', proc, '--catalogue', place.catalogue, '--steps', steps, '--trains', ':4']
  expect(detcal('correct', place.golden.path, ...out)).toMatchObject({ status: 0 })
})
afterAll(() => place.remove())

const explained = (...args: string[]) => {
  const ended = detcal('explain', ...args, '--json')
  return { ended, found: JSON.parse(ended.stdout) as Explanation }
}

test('files of detcal are as decided; frames that one run has alone are counted', () => {
  const { ended, found } = explained(place.golden.path, proc, metadata)
  expect([ended.status, failureLines(ended)]).toEqual([0, []])
  expect(found).toMatchObject({ exact: true, correctedOnly: 0, notExplained: [] })
  expect([found.shared > 24, found.rawOnly > 0, found.frames.length]).toEqual([true, true, 24])
  expect([...new Set(found.frames.map(({ module }) => module))]).toEqual([0, 4, 15])
  expect(found.datasets.map(({ dataset, readings }) => [dataset, readings])).toEqual([
    ['gain', []],
    ['data', []],
    ['mask', []],
  ])
})

test('one pixel that is otherwise is found, in the module and frame asked for', () => {
  const folder = scratch()
  cpSync(proc, folder, { recursive: true })
  const file = join(folder, 'CORR-R0001-AGIPD15-S00000.h5')
  const dataset = 'INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/15CH0:output/image/data'
  changeByte(file, addressOfFrame(file, dataset, 1) + 4 * (128 * 300 + 9))
  const { ended, found } = explained(
    place.golden.path,
    folder,
    metadata,
    '--modules',
    '15',
    '--frames',
    '100',
  )
  expect(ended.status).toBe(1)
  const parts = found.datasets.flatMap(({ parts }) => parts).filter(({ differing }) => differing > 0)
  expect(parts).toMatchObject([{ differing: 1, first: { file, module: 15, slowScan: 300, fastScan: 9 } }])
})

describe('what cannot be explained is one line', () => {
  test.each<[string, () => string[], number, RegExp]>([
    ['folders in the wrong order', () => [proc, place.golden.path, metadata], 2, /holds no corrected files/],
    ['no frame', () => [place.golden.path, proc, metadata, '--frames', '0'], 2, /--frames 0 is not a number/],
    [
      'a module that is not there',
      () => [place.golden.path, proc, metadata, '--modules', '3'],
      2,
      /none of the modules that --modules names.*have 0, 4, 15/,
    ],
    ['no metadata file', () => [place.golden.path, proc, join(proc, 'm.yml')], 2, /m\.yml cannot be read/],
    [
      'constants that are not there',
      () => {
        const tree = parse(readFileSync(metadata, 'utf8')) as object
        const changed = join(scratch(), 'm.yml')
        writeFileSync(changed, stringify(tree).replaceAll(place.catalogue, '/nowhere'))
        return [place.golden.path, proc, changed]
      },
      1,
      /Offset cannot be used: the file is missing/,
    ],
  ])('%s', (_, args, status, says) => {
    const ended = detcal('explain', ...args())
    expect(failureLines(ended)).toEqual([expect.stringMatching(says)])
    expect(ended).toMatchObject({ status, stdout: '' })
  })
})
