import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { detcal, failureLines } from '../helpers/command.js'

const SCRIPT = fileURLToPath(new URL('sparse-run.py', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-sparse-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function succeed(...args: string[]): void {
  const ended = detcal(...args)
  expect([ended.status, failureLines(ended)]).toEqual([0, []])
}

/** Corrects a run with its frames and without, and holds the lists of both against the frames. */
function corrected(run: string, catalogue: string, ...options: string[]) {
  const [dense = '', sparse = ''] = ['beside', 'only'].map(form => {
    const out = join(folder, `${run}-${form}`)
    const args = ['--out', out, '--catalogue', catalogue, '--no-sync', '--sparse', form, ...options]
    succeed('correct', join(folder, run, 'raw/r0001'), ...args)
    succeed('validate', out)
    return out
  })
  return JSON.parse(
    execFileSync('/usr/bin/python3', [SCRIPT, 'compare', dense, sparse], { encoding: 'utf8' }),
  )
}

test('few photons are read back to exactly the frames', () => {
  const run = join(folder, 'photons')
  succeed(
    ...['simulate', run, '--detector', 'dssc1m', '--modules', '0,3', '--trains', '5', '--cells', '4'],
    ...['--trains-per-file', '3', '--kind', 'dark'],
  )
  execFileSync('/usr/bin/python3', [SCRIPT, 'photons', join(run, 'raw/r0001'), folder])
  const catalogue = join(folder, 'catalogue')
  for (const module of ['0', '3'])
    succeed(
      ...['constants', 'import', join(folder, `cal.${module}.h5`), '--catalogue', catalogue],
      ...['--detector', 'dssc1m', '--module', module, '--pdu', `DSSC_${module}`, '--begin-at', '2020-01-01'],
    )
  const found = corrected('photons', catalogue)
  expect(found).toMatchObject({ differing: [], compared: 2 * 2 * 5 * 4, departures: 0 })
  expect(found.trains).toEqual(Array(2 * 5).fill(true))
  expect(found.occupied[0]).toBeGreaterThan(0.009)
  expect(found.occupied[1]).toBeLessThan(0.011)
})

test.each([
  ['few pixels', '0.004'],
  ['so many that they are not listed', '0.5'],
])('what departs from a cell’s mask and gain is listed: %s', (_, switched) => {
  const run = `agipd-${switched}`
  const options = ['--cells', '4', '--trains', '3', '--switched', switched]
  succeed('simulate', join(folder, run), '--detector', 'agipd1m', '--modules', '5', ...options)
  const found = corrected(run, join(folder, run, 'catalogue'), '--cells', '1-2')
  expect(found).toMatchObject({ differing: [], compared: 2 * 3 * 2, trains: [true, true, true] })
  expect(found.departures).toBeGreaterThan(0.9 * Number(switched) * 6 * 65536)
})
