import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { unpackDetectorRun } from '../golden/detectors/index.js'
import { detcal, failureLines } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, importGolden } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

describe('operating conditions of a run without control data', () => {
  let place: GoldenPlace
  beforeAll(async () => {
    place = await goldenPlace()
  })
  afterAll(() => place.remove())

  const correct = (...options: string[]) => {
    const out = join(scratch(), 'proc')
    const ended = detcal(
      'correct',
      place.golden.path,
      '--out',
      out,
      '--catalogue',
      place.catalogue,
      ...options,
    )
    return { out, ...ended }
  }

  test('are shown with what tells them: table, stderr, metadata file', () => {
    const { out, stdout, stderr, status } = correct()
    expect(status).toBe(0)
    expect(stdout).toMatch(/^condition +value +from$/m)
    expect(stdout).toMatch(/^Memory cells +4 +frames$/m)
    expect(stdout).toMatch(/^Gain mode +0 +assumed$/m)
    expect(stdout).toMatch(/^Sensor Bias Voltage +– +unknown$/m)
    expect(stderr).toMatch(/^warning: Gain mode 0 is assumed: .*--condition "Gain mode=VALUE"/m)
    expect(stderr).toMatch(/^warning: unknown, .*: Sensor Bias Voltage, Gain setting, Integration time/m)
    const metadata = readdirSync(out).find(name => name.endsWith('.yml')) ?? ''
    const { 'calibration-configurations': told } = parse(readFileSync(join(out, metadata), 'utf8')) as {
      'calibration-configurations': Record<string, unknown>
    }
    expect(told['condition-sources']).toMatchObject({
      'Sensor Bias Voltage': 'unknown',
      'Acquisition rate': 'frames',
      'Gain mode': 'assumed',
    })
  })

  test('for machines too, also of a plan', () => {
    const conditions = {
      'Sensor Bias Voltage': { source: 'unknown' },
      'Memory cells': { value: 4, source: 'frames' },
      'Gain mode': { value: 0, source: 'assumed' },
    }
    for (const options of [['--json'], ['--json', '--dry-run']])
      expect(JSON.parse(correct(...options).stdout)).toMatchObject({ conditions })
  })

  test('that options state are neither assumed nor unknown', () => {
    const stated = ['--condition', 'gain setting=0', '--condition', 'integration time=12']
    for (const mode of [
      ['--gain-mode', 'high'],
      ['--condition', 'Gain mode=1'],
    ]) {
      const { stdout, stderr } = correct(...stated, ...mode, '--json')
      expect(JSON.parse(stdout)).toMatchObject({
        conditions: {
          'Gain mode': { value: 1, source: 'option' },
          'Gain setting': { value: 0, source: 'option' },
        },
      })
      expect(stderr).not.toContain('assumed')
      expect(stderr).toMatch(/^warning: unknown, .*: Sensor Bias Voltage\b(?!.*Gain setting)/m)
    }
    const { status, stderr } = correct('--condition', 'Gain mode=9')
    expect(stderr).toMatch(/is not a gain mode/)
    expect(status).toBe(2)
  })
})

describe('a run in parallel gain without the control data that tell of it', () => {
  let folder: string
  let run: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'detcal-parallel-'))
    const golden = unpackDetectorRun('lpd-parallel', folder)
    run = golden.path
    for (const name of readdirSync(run)) if (!/-LPD\d\d-/.test(name)) rmSync(join(run, name))
    await importGolden(golden, folder, join(folder, 'catalogue'), LPD_1M)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each([
    ['correct', (out: string) => [run, '--out', out, '--catalogue', join(folder, 'catalogue')]],
    ['dark', (out: string) => ['--run', run, '--catalogue', out]],
  ])('is refused by %s, which names the option', (command, options) => {
    const out = join(scratch(), 'out')
    const ended = detcal(command, ...options(out))
    expect(failureLines(ended)).toEqual([expect.stringMatching(/pulse ids begin anew .*Say --parallel-gain/)])
    expect(ended.status).toBe(1)
  })

  test('is corrected when the option says so, and shown by inspect', () => {
    const out = join(scratch(), 'out')
    const catalogue = join(folder, 'catalogue')
    const ended = detcal('correct', run, '--out', out, '--catalogue', catalogue, '--parallel-gain', '--json')
    expect(ended.status).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({
      conditions: { 'Parallel gain': { value: 1, source: 'option' } },
    })
    const untold = detcal('inspect', run)
    expect(untold.stderr).toMatch(/^error: .*Say --parallel-gain/m)
    expect(untold.status).toBe(1)
    expect(detcal('inspect', run, '--parallel-gain').stdout).toMatch(/^Parallel gain +1 \(option\)$/m)
  })
})
