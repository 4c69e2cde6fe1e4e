import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { darkRun } from '../../src/engine/dark/dark-run.js'
import { executeCorrection, prepareCorrection } from '../../src/engine/run/prepare.js'
import { Engine } from '../../src/engine/threads/engine.js'
import { detcal, failureLines, startDetcal } from '../helpers/command.js'
import { scratch } from '../helpers/exdf.js'
import { planOf } from './dark/dark.js'

// RAW files that somebody removes between the look at the run and the work, and two processes that want one file.

/** A run of modules 0 and 5, and a catalogue for it. */
function simulated(...more: string[]): { raw: string; catalogue: string; folder: string } {
  const folder = scratch()
  const size = ['--detector', 'dssc1m', '--trains', '3', '--cells', '2', '--modules', '0,5', ...more]
  expect(detcal('simulate', folder, ...size)).toMatchObject({ status: 0 })
  return { folder, raw: join(folder, 'raw', 'r0001'), catalogue: join(folder, 'catalogue') }
}

/** The RAW file of module 5. */
const last = (raw: string) => join(raw, readdirSync(raw).find(name => name.includes('DSSC05')) ?? '')

test('a RAW file that is gone when it is corrected is named, and the others are corrected', async () => {
  const { raw, catalogue, folder } = simulated()
  const request = { run: raw, catalogue, out: join(folder, 'proc') }
  const prepared = await prepareCorrection(request, { workers: 1, memory: 2 ** 30 })
  const gone = last(raw)
  rmSync(gone)
  const { modules, problems, frames } = await executeCorrection(prepared, { overwrite: false, sync: false })
  expect(modules.map(({ module, status }) => [module, status])).toEqual([
    [0, 'corrected'],
    [5, 'failed'],
  ])
  expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([
    {
      message: expect.stringMatching(/^is gone: it was there when the run was looked at/),
      place: { module: 5, file: gone },
    },
  ])
  expect(frames).toBe(6)
  expect(readdirSync(join(folder, 'proc')).filter(name => name.endsWith('.h5'))).toHaveLength(1)
})

test('a RAW file that is gone when it is characterised is named', async () => {
  const { raw, folder } = simulated('--kind', 'dark')
  const catalogue = join(folder, 'dark-catalogue')
  const plan = await planOf({ runs: { run: raw }, catalogue, workers: 1 })
  const gone = last(raw)
  rmSync(gone)
  const engine = await Engine.start({ workers: 1 })
  const { modules, problems } = await darkRun(plan, { catalogue, engine, software: 'detcal test' }).finally(
    () => engine.close(),
  )
  expect(modules.map(({ module }) => module)).toEqual([0])
  expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([
    { message: expect.stringContaining('is gone: it was there'), place: { module: 5, file: gone } },
  ])
})

test('of two processes that write one combined file from different folders one does, the other says why not', async () => {
  const { raw, catalogue, folder } = simulated()
  const combined = join(folder, 'run.cxi')
  const started = ['a', 'b'].map(out =>
    startDetcal(
      ...['correct', raw, '--catalogue', catalogue, '--out', join(folder, out)],
      ...['--combined', combined, '--constants-cache', 'off'],
    ),
  )
  const ended = await Promise.all(started.map(({ ended }) => ended))
  expect(ended.map(({ status }) => status).sort()).toEqual([0, 1])
  const loser = ended.find(({ status }) => status === 1)
  expect(loser && failureLines(loser)).toEqual([
    expect.stringMatching(/^detcal: .*run\.cxi.*(?:is writing there|exists already)/),
  ])
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  expect(names.filter(name => /\.part-|\.detcal/.test(name))).toEqual([])
  // The winner's, whole.
  expect(detcal('validate', combined)).toMatchObject({ status: 0 })
  const told = names.filter(name => name.endsWith('.yml'))
  expect(told).toHaveLength(1)
})

test('what tells dark runs apart is shown by inspect: the raw gain', () => {
  const folder = scratch()
  const gains = ['high', 'medium', 'low'].map((stage, i) => {
    const run = ['--run', String(i + 1), '--kind', 'dark', '--gain-stage', stage]
    const size = ['--detector', 'agipd1m', '--trains', '2', '--cells', '1', '--modules', '3']
    expect(detcal('simulate', folder, ...size, ...run)).toMatchObject({ status: 0 })
    const raw = join(folder, 'raw', `r000${i + 1}`)
    expect(detcal('inspect', raw).stdout).toMatch(/^raw gain +\d{4}, mean of a frame of module 3$/m)
    return (JSON.parse(detcal('inspect', raw, '--json').stdout) as { rawGain: { mean: number } }).rawGain.mean
  })
  const [high = 0, medium = 0, low = 0] = gains
  expect(medium - high).toBeGreaterThan(500)
  expect(low - medium).toBeGreaterThan(500)
  const runs = ['--high', '2', '--medium', '1', '--low', '3'].map(arg =>
    /\d/.test(arg) ? join(folder, 'raw', `r000${arg}`) : arg,
  )
  const { status, stderr } = detcal('dark', ...runs, '--catalogue', join(folder, 'c'))
  expect(status).toBe(1)
  expect(stderr).toContain('Compare what detcal inspect says of the raw gain of each run')
})
