import { join } from 'node:path'
import { expect, test } from 'vitest'
import { detcal, failureLines } from '../helpers/command.js'
import { scratch } from '../helpers/exdf.js'

const simulate = (folder: string, ...options: string[]) =>
  expect(
    detcal(
      'simulate',
      folder,
      ...'--detector dssc1m --trains 2 --cells 1 --modules 0'.split(' '),
      ...options,
    ),
  ).toMatchObject({ status: 0 })

test('a dark with a wrong condition is amended, or removed and entered again', () => {
  const folder = scratch()
  const catalogue = ['--catalogue', join(folder, 'catalogue')]
  simulate(folder, '--kind', 'dark')
  simulate(folder, '--run', '2', '--catalogue', join(folder, 'other'))
  const dark = (bias: string) =>
    detcal(
      ...['dark', '--run', join(folder, 'raw/r0001'), ...catalogue],
      ...['--condition', `Sensor Bias Voltage=${bias}`],
    )
  const correct = (out: string) =>
    detcal(
      ...['correct', join(folder, 'raw/r0002'), '--out', join(folder, out), ...catalogue],
      ...['--condition', 'Sensor Bias Voltage=100 V'],
    )
  const ids = (...options: string[]) =>
    (
      JSON.parse(detcal('constants', 'list', '--json', ...catalogue, ...options).stdout) as { id: number }[]
    ).map(({ id }) => String(id))

  expect(dark('200').status).toBe(0)
  expect(correct('a').status).toBe(1)
  // Entered again with the right one: what is there is named, by a file that is there, and what to do.
  const again = dark('100')
  expect(again.status).toBe(1)
  expect(failureLines(again).join()).toMatch(
    /catalogue\/xfel\/cal\/.*it is in the catalogue as constant 1 with other conditions\. .* constants amend 1\./,
  )

  const all = ids()
  const condition = ['--condition', 'Sensor Bias Voltage=100 V']
  const amended = detcal('constants', 'amend', ...all, ...catalogue, ...condition, '--reason', 'a typo')
  expect(amended).toMatchObject({ status: 0, stdout: expect.stringContaining('Sensor Bias Voltage=100 V') })
  expect(correct('b').status).toBe(0)
  expect(detcal('constants', 'show', '1', ...catalogue).stdout).toMatch(
    /amended +\S+, before: from .*Sensor Bias Voltage=200 V.*"a typo"/,
  )
  expect(detcal('constants', 'restore', ...all, ...catalogue).status).toBe(0)
  expect(correct('c').status).toBe(1)

  expect(detcal('constants', 'remove', ...all, ...catalogue).status).toBe(0)
  expect([ids(), ids('--removed')]).toEqual([[], all])
  expect(detcal('constants', 'verify', ...catalogue).status).toBe(0)
  expect(dark('100').status).toBe(0)
  expect(ids()).toEqual(all)
  expect(correct('d').status).toBe(0)
})

test.each([
  [['remove', '99'], 1, 'there is no constant 99'],
  [['amend', '1'], 2, 'nothing is stated anew'],
  [['amend', '1', '--condition', 'Colour=blue'], 2, 'has no operating condition "Colour"'],
  [['restore', '1'], 1, 'nothing was done to constant 1'],
])('constants %j changes nothing', (args, status, says) => {
  const folder = scratch()
  simulate(folder)
  const ended = detcal('constants', ...args, '--catalogue', join(folder, 'catalogue'))
  expect([ended.status, failureLines(ended)]).toEqual([status, [expect.stringContaining(says)]])
})

test('there is no catalogue to change', () => {
  const ended = detcal('constants', 'remove', '1', '--catalogue', join(scratch(), 'none'))
  expect([ended.status, failureLines(ended)]).toEqual([1, [expect.stringContaining('there is no catalogue')]])
})
