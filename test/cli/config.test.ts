import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { detcal, type Ended, failureLines } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'
import { fileContent } from '../helpers/file-content.js'

const FACILITY = fileURLToPath(
  new URL('../golden/facility/calibration_metadata_SPB_DET_AGIPD1M-1.yml', import.meta.url),
)
const OPTIONS = [
  ...[
    '--modules',
    '0,4',
    '--trains',
    ':3',
    '--pulses',
    '1:',
    '--steps',
    'threshold,offset,relative-gain,mask,range',
  ],
  ...['--hg-hard-threshold', '900', '--zero-nans', '--bad-pixels', 'dark,pc', '--gain-mode', 'adaptive'],
  ...['--condition', 'integration time=12', '--strategy', 'prior'],
]

let place: GoldenPlace
let first: string
beforeAll(async () => {
  place = await goldenPlace()
  first = join(place.folder, 'first')
  expect(correct(first, '--catalogue', place.catalogue, ...OPTIONS)).toMatchObject({ status: 0 })
})
afterAll(() => place.remove())

function correct(out: string, ...options: string[]): Ended {
  return detcal('correct', place.golden.path, '--out', out, '--no-sync', ...options)
}

const metadataIn = (out: string) => join(out, `calibration_metadata_${place.golden.karaboId}.yml`)

async function expectEqual(out: string, other: string): Promise<void> {
  const names = readdirSync(other).filter(name => name.endsWith('.h5'))
  expect(names.length).toBeGreaterThan(0)
  expect(readdirSync(out).filter(name => name.endsWith('.h5'))).toEqual(names)
  for (const name of names)
    expect(await fileContent(join(out, name)), name).toEqual(await fileContent(join(other, name)))
}

test('a metadata file brings back all options: with its constants, with named ones, from the catalogue', async () => {
  const config = ['--config', metadataIn(first)]
  for (const [name, constants] of Object.entries({
    own: [],
    named: ['--constants-from', metadataIn(first)],
    looked: ['--catalogue', place.catalogue],
  })) {
    const out = join(scratch(), name)
    expect(correct(out, ...config, ...constants), name).toMatchObject({ status: 0 })
    await expectEqual(out, first)
    const read = (folder: string) =>
      parse(readFileSync(metadataIn(folder), 'utf8'))['calibration-configurations']
    const { 'out-folder': _, 'constants-from': __, ...again } = read(out)
    const { 'out-folder': ___, ...before } = read(first)
    expect(again).toEqual(before)
  }
})

test("the facility's file is used with its switches and constants, once what is not built is off", async () => {
  const folder = scratch()
  const tree = parse(readFileSync(FACILITY, 'utf8'))
  tree['calibration-configurations']['melt-snow'] = true
  const unbuilt = join(folder, 'unbuilt.yml')
  writeFileSync(unbuilt, stringify(tree))
  const ended = correct(join(scratch(), 'out'), '--config', unbuilt)
  expect(failureLines(ended)).toEqual([
    expect.stringMatching(
      /melt-snow is not built yet for AGIPD-1M\. To go on without, add --steps threshold,/,
    ),
  ])
  expect(ended.status).toBe(2)
  tree['calibration-configurations']['melt-snow'] = false
  const all = join(folder, 'all')
  expect(correct(all, '--catalogue', place.catalogue, '--steps', 'threshold,offset,mask,range').status).toBe(
    0,
  )
  tree['retrieved-constants'] = parse(readFileSync(metadataIn(all), 'utf8'))['retrieved-constants']
  const file = join(folder, 'calibration_metadata.yml')
  writeFileSync(file, stringify(tree))
  const steps =
    'threshold,low-medium-gap,force-mg-if-below,force-hg-if-below,offset,common-mode,adjust-mg-baseline,set-min,mask,range'
  const [one, other] = [join(folder, 'one'), join(folder, 'other')]
  expect(correct(one, '--config', file)).toMatchObject({ status: 0 })
  const named = [
    '--constants-from',
    metadataIn(all),
    '--steps',
    steps,
    '--pulses',
    '0:352:1',
    '--cm-count',
    'nominal',
  ]
  expect(correct(other, ...named)).toMatchObject({ status: 0 })
  await expectEqual(one, other)
  // The way to go on that the message named.
  expect(
    correct(join(folder, 'on'), '--config', FACILITY, '--catalogue', place.catalogue, '--steps', steps),
  ).toMatchObject({ status: 0 })
})
