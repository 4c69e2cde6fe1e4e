import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXPLAINED } from '../../src/corrections/open/readings.js'
import { explain } from '../../src/explain/explain.js'
import type { Explanation } from '../../src/explain/outcome.js'
import { KITS } from '../../src/kits/index.js'
import { detcal } from '../helpers/command.js'

// CORR files that numpy made, each by other readings: the right ones must be named, and no others.
const SCRIPT = fileURLToPath(new URL('../golden/explain/make_explain.py', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'detcal-explain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Expected = Record<string, Record<string, Record<(typeof EXPLAINED)[number], string[]>>>
let expected: Expected
beforeAll(() => {
  execFileSync('/usr/bin/python3', ['-B', SCRIPT, folder])
  expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected
})

/** What these frames can never tell: whoever is forced to high gain is so in either order. */
const ALWAYS = ['force-hg-first']

function places(detector: string, name: string): [string, string, string, string] {
  const karaboId = { agipd: 'SPB_DET_AGIPD1M-1', lpd: 'FXE_DET_LPD1M-1', dssc: 'SCS_DET_DSSC1M-1' }[detector]
  const place = join(folder, detector)
  return [
    join(place, 'raw/r0001'),
    join(place, name),
    join(place, name, `calibration_metadata_${karaboId}.yml`),
    place,
  ]
}

function explained(detector: string, name: string): Promise<Explanation> {
  const [raw, corrected, metadata, constantsRoot] = places(detector, name)
  return explain({ raw, corrected, metadata, constantsRoot })
}

describe.each(['agipd', 'lpd', 'dssc'])('of %s', detector => {
  test('every file is explained by the readings that made it', async () => {
    const named = new Set<string>()
    for (const [name, readings] of Object.entries(expected[detector] ?? {})) {
      const found = await explained(detector, name)
      const told = found.datasets.map(({ dataset, readings, exact }) => [dataset, readings, exact])
      expect(told, name).toEqual(EXPLAINED.map((dataset): unknown => [dataset, readings[dataset], true]))
      expect(found.exact, name).toBe(true)
      // LPD's square constants do not tell the order of their axes; no other detector's are in doubt.
      const doubts = new Set(found.problems.map(({ check }) => check))
      expect([...doubts], name).toEqual(detector === 'lpd' ? ['axes_assumed'] : [])
      for (const { instead, undecided } of found.datasets) {
        expect(instead, name).toEqual([])
        // Of no map every stage has the same bits, and a baseline before the gain leaves nothing between them.
        const may = [
          ...ALWAYS,
          ...(/maps-none/.test(name)
            ? ['mask-of-first-stage', 'mask-of-any-stage', 'maps-axes-swapped']
            : []),
        ]
        if (name === 'baseline-before-gain') may.push('set-min-before-baseline')
        expect(
          undecided.filter(reading => !may.includes(reading)),
          name,
        ).toEqual([])
      }
      for (const reading of Object.values(readings).flat()) named.add(reading)
    }
    const kit = KITS.find(({ detector: { id } }) => id.startsWith(detector))
    const all = new Set(kit?.open?.readings.map(({ name }) => name))
    // The cases are those of each reading that the detector has, and no others.
    expect([...named].filter(name => !all.has(name))).toEqual([])
    expect([...all].filter(name => !named.has(name))).toEqual([])
  })
})

test('what no reading makes is told by gain stage and bit, with how far it is off and where', async () => {
  const { exact, datasets } = await explained('agipd', 'spoilt')
  expect([exact, datasets.map(({ exact }) => exact)]).toEqual([false, [true, false, false]])
  const [, data, mask] = datasets
  expect(data?.parts.map(({ name, differing }) => [name, differing > 0])).toEqual([
    ['high gain', false],
    ['medium gain', true],
    ['low gain', false],
  ])
  const medium = data?.parts[1]
  expect(medium).toMatchObject({ first: { module: 0, train: 2_100_000_100, pulse: 0 } })
  expect(medium?.largest).toBeGreaterThan(1)
  expect(medium).not.toHaveProperty('readings')
  expect(mask?.parts.filter(({ differing }) => differing > 0)).toMatchObject([
    {
      name: 'bit 5 CI_LINEAR_DEVIATION',
      differing: 1,
      first: { slowScan: 300, fastScan: 77, pulse: 4 },
    },
  ])
})

describe('the command', () => {
  const run = (name: string, ...options: string[]) => {
    const [raw, corrected, metadata, root] = places('agipd', name)
    return detcal('explain', raw, corrected, metadata, '--constants-root', root, ...options)
  }

  test('prints readings, what they mean and a table; exit code 0', () => {
    const ended = run('force-hg-medium-offset')
    expect(ended).toMatchObject({ status: 0, stderr: '' })
    expect(ended.stdout).toContain(
      'image/gain: exact by force-hg-medium-offset\n  force-hg-medium-offset: medium-gain pixels alone are forced',
    )
    expect(ended.stdout).toContain('image/mask: exact as decided\n')
    expect(ended.stdout).toMatch(/data +medium gain +\d+ +0/)
    expect(ended.stdout).toContain('explained: every dataset is made to the last bit\n')
  })

  test('names a step that cannot be explained, and goes on; few frames are fewer', () => {
    const ended = run('common-mode', '--json', '--frames', '2')
    expect(ended).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/warning: .*common-mode is on, and cannot be explained yet/),
    })
    const found = JSON.parse(ended.stdout) as Explanation
    expect(found).toMatchObject({ shared: 4, rawOnly: 0, correctedOnly: 0 })
    expect(found.frames).toHaveLength(2)
    expect(found.datasets[0]?.readings).toEqual(['force-hg-medium-offset'])
    expect(found.about).toHaveProperty('force-hg-medium-offset')
  })

  test('ends with 1 where something stays different', () => {
    const ended = run('spoilt')
    expect(ended.status).toBe(1)
    expect(ended.stdout).toMatch(/image\/data: not made by any of \d+ sets of readings; nearest as decided/)
  })
})
