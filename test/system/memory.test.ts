import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcal, MAIN } from '../helpers/command.js'

const MIB = 1024 ** 2
/** What the process may take beyond `--memory`, by contract. */
const ALLOWANCE = 256 * MIB
const TRAINS = 320
const BUDGET = 160

let folder: string
/** 2 modules × 8 cells × 320 trains: 1.3 GB raw, eight times the budget. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-memory-'))
  const made = detcal(
    ...['simulate', folder, '--detector', 'agipd1m', '--modules', '0,9', '--cells', '8'],
    ...['--trains', String(TRAINS), '--trains-per-file', '128'],
  )
  expect(made.stderr).not.toContain('detcal:')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Corrects with `--memory`; most resident memory as detcal says and as the kernel says to `time`, bytes. */
function peaks(
  trains: number,
  workers: number,
  ...more: string[]
): { told: number; measured: number; raw: number } {
  const out = join(folder, 'proc')
  const report = join(folder, 'time')
  const command = [
    'correct',
    join(folder, 'raw', 'r0001'),
    '--catalogue',
    join(folder, 'catalogue'),
    '--out',
    out,
  ]
  const options = [
    '--memory',
    `${BUDGET}MiB`,
    '--workers',
    String(workers),
    '--trains',
    `:${trains}`,
    '--json',
    ...more,
  ]
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/time',
    ['-f', '%M', '-o', report, process.execPath, MAIN, ...command, ...options],
    { encoding: 'utf8' },
  )
  expect(status, stderr).toBe(0)
  expect(readdirSync(out).filter(name => name.endsWith('.h5')).length).toBe(2 * Math.ceil(trains / 128))
  rmSync(out, { recursive: true })
  const { peakMemory, rawBytes } = JSON.parse(stdout) as { peakMemory: number; rawBytes: number }
  const measured = Number(execFileSync('tail', ['-n', '1', report], { encoding: 'utf8' })) * 1024
  return { told: peakMemory, measured, raw: rawBytes }
}

describe(`a correction with --memory ${BUDGET}MiB`, () => {
  test.each([
    1, 2, 4,
  ])('stays within it and 256 MiB whatever the length of the run, with %i workers', workers => {
    const short = peaks(TRAINS / 5, workers)
    const long = peaks(TRAINS, workers)
    for (const { told, measured } of [short, long]) {
      expect(measured).toBeLessThan(BUDGET * MIB + ALLOWANCE)
      // The rest of the process' life adds little.
      expect(Math.abs(told - measured)).toBeLessThan(16 * MIB)
    }
    expect(long.raw).toBeGreaterThan(5 * BUDGET * MIB)
    // Five times the run takes tables of a few bytes a frame more, and lets each thread's garbage grow to its bound:
    // a tenth of the gigabyte that it is longer.
    expect(long.measured - short.measured).toBeLessThan(96 * MIB)
  })

  test('with a combined file of all 16 modules', () => {
    const { measured } = peaks(TRAINS / 5, 2, '--combined', join(folder, 'run.cxi'))
    rmSync(join(folder, 'run.cxi'))
    expect(measured).toBeLessThan(BUDGET * MIB + ALLOWANCE)
  })
})
