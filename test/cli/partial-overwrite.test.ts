import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { detcal } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const correct = (out: string, ...options: string[]) =>
  detcal(
    'correct',
    place.golden.path,
    '--out',
    out,
    '--catalogue',
    place.catalogue,
    '--overwrite',
    ...options,
  )

interface Told {
  readonly output: string
  readonly 'other-configurations'?: Readonly<Record<string, unknown>>
}

/** What the metadata file says of each CORR file of module 0, by name. */
function told(out: string): Record<string, Told> {
  const file = join(out, `calibration_metadata_${place.golden.karaboId}.yml`)
  const { sequences } = parse(readFileSync(file, 'utf8'))['module-outcomes'].AGIPD00 as { sequences: Told[] }
  return Object.fromEntries(sequences.map(sequence => [basename(sequence.output), sequence]))
}

const [FIRST, SECOND] = [0, 1].map(sequence => `CORR-R0001-AGIPD00-S0000${sequence}.h5`) as [string, string]

test('what a second correction does not replace is told as it was made, named, and found by validate', () => {
  const out = join(scratch(), 'proc')
  expect(correct(out).status).toBe(0)
  expect(detcal('validate', out, '--json').stdout).not.toContain('"check": "corr_alike"')
  const again = correct(out, '--modules', '0', '--sequences', '0', '--steps', 'threshold,offset')
  expect(again.status).toBe(0)
  expect(again.stderr).toMatch(
    new RegExp(`warning: .*${SECOND}, module 0: is of an earlier correction with other steps.*Remove it`),
  )
  const files = told(out)
  expect(Object.keys(files).sort()).toEqual([FIRST, SECOND])
  expect(files[FIRST]?.['other-configurations']).toBeUndefined()
  const other = files[SECOND]?.['other-configurations']
  expect(other).toMatchObject({ steps: expect.arrayContaining(['mask']), constants: expect.anything() })

  const validated = detcal('validate', out, '--json')
  expect(validated.status).toBe(1)
  const { problems } = JSON.parse(validated.stdout) as {
    problems: { check: string; message: string; place: object }[]
  }
  expect(problems.filter(({ check }) => check === 'corr_alike')).toEqual([
    {
      check: 'corr_alike',
      severity: 'error',
      message: expect.stringMatching(/was made with other options than CORR-.*: steps/),
      place: { file: join(out, FIRST) },
    },
  ])

  // A third one with yet other options keeps what was said of the second file.
  correct(out, '--modules', '0', '--sequences', '0', '--zero-nans')
  expect(told(out)[SECOND]?.['other-configurations']).toMatchObject({ created: other?.['created'] })
})

test('sequence by sequence into one folder is one correction', () => {
  const out = join(scratch(), 'proc')
  for (const sequence of ['0', '1']) {
    const { status, stderr } = correct(out, '--modules', '0', '--sequences', sequence)
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('earlier correction')])
  }
  expect(Object.keys(told(out)).sort()).toEqual([FIRST, SECOND])
  expect(detcal('validate', out, '--json').stdout).not.toContain('"check": "corr_alike"')
})
