import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConstantVersion } from '../../constants/model/version.js'
import { unstatedProblems } from '../../src/engine/plan/told-conditions.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { detcal, failureLines } from '../helpers/command.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-constants-of-run-'))
  const size = '--detector agipd1m --trains 1 --cells 1 --modules 0-1'.split(' ')
  expect(detcal('simulate', folder, ...size)).toMatchObject({ status: 0 })
})
afterAll(() => rmSync(folder, { recursive: true }))

const plan = (...options: string[]) =>
  detcal(
    ...['correct', join(folder, 'raw/r0001'), '--out', join(folder, 'proc')],
    ...['--catalogue', join(folder, 'catalogue'), '--dry-run', ...options],
  )

test('one line says which constants are used, and of when', () => {
  expect(plan().stdout).toMatch(
    /^constants: Offset, .*BadPixelsDark.* of 2020-01-02T00:00:00Z, 1\.0 h before the run, modules 0-1$/m,
  )
})

test('where none match, the conditions of the run, the nearest miss and what to do are shown', () => {
  const ended = plan('--condition', 'Sensor Bias Voltage=200')
  expect(ended.status).toBe(1)
  expect(failureLines(ended).join('\n')).toMatch(
    /there is no Offset and no ThresholdsDark\. The run has Sensor Bias Voltage 200 V, .*; the nearest Offset, constant \d+ of 2020-01-02T00:00:00\.000Z, is for Sensor Bias Voltage 300 V\. Make dark constants that match the run with detcal dark/,
  )
  expect(failureLines(plan('--strategy', 'prior', '--at', '2019-01-01')).join()).toMatch(
    /began after the run, so --strategy prior does not take it/,
  )
})

test('conditions that constants in use do not state are named; what is never stated is not', () => {
  const versions = (conditions: object) => ({
    pdu: 'P',
    constants: new Map([['Offset', { conditions } as ConstantVersion]]),
  })
  const run = { 'Sensor Bias Voltage': 300, 'Gain mode': 0, 'Source energy': 9.2 }
  const problems = (conditions: object, used = ['Offset']) =>
    unstatedProblems(AGIPD_1M, run, [versions(conditions)], used).map(({ message }) => message)
  expect(problems({})).toEqual([
    'Offset in use do not state Sensor Bias Voltage (the run: 300 V), so that they match whatever it was. State it with detcal constants amend',
  ])
  expect(problems({ 'Sensor Bias Voltage': 300 })).toEqual([])
  expect(problems({}, ['Noise'])).toEqual([])
})
