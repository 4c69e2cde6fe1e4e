import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcal, startDetcal } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, readBack } from '../helpers/correction.js'
import { scratch, writeModule } from '../helpers/exdf.js'

let place: GoldenPlace
let run: string
const FIRST = 'CORR-R0001-AGIPD00-S00000.h5'

/** Two sequences of one module: a short one, then one that takes seconds. Its frames are not stored and read as zero. */
beforeAll(async () => {
  place = await goldenPlace()
  run = join(place.folder, 'long')
  mkdirSync(run)
  for (const [sequence, trains] of [1, 600].entries()) {
    const trainIds = Array.from({ length: trains }, (_, i) => 1000 + sequence + i)
    const counts = trainIds.map(() => 3)
    await writeModule(run, { sequence, trainIds, counts })
  }
})
afterAll(() => place.remove())

/** Starts a correction and resolves at its first word of progress, the first CORR file written, the second on its way. */
async function midway(out: string, ...options: string[]) {
  const started = startDetcal('correct', run, '--out', out, '--catalogue', place.catalogue, ...options)
  const { child } = started
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (text: string) => {
      if (/trains, /.test(text)) resolve()
    })
    child.on('exit', code => reject(new Error(`ended early with ${code}`)))
  })
  while (!existsSync(join(out, FIRST)) && child.exitCode === null)
    await new Promise(resolve => setTimeout(resolve, 2))
  return started
}

describe('a signal amid a correction', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends it with %i, no part, no lock, and whole files', async (signal, code) => {
    const folder = scratch()
    const out = join(folder, 'proc')
    const { child, ended } = await midway(out, '--combined', join(folder, 'run.cxi'), '--workers', '2')
    child.kill(signal)
    const { status, signal: killedBy, stdout, stderr } = await ended
    expect([status, killedBy, stdout]).toEqual([code, null, ''])
    expect(stderr).toContain(`detcal: interrupted by ${signal}, nothing partial is left\n`)
    expect(readdirSync(folder)).toEqual(['proc'])
    expect(readdirSync(out)).toEqual([FIRST])
    const { trains, frames } = await readBack(join(out, FIRST), place.golden.karaboId, 0)
    expect([trains, frames.length]).toEqual([[1000], 3])
  })

  test('amid a step that looks at all trains of a file first: likewise', async () => {
    const out = join(scratch(), 'proc')
    const steps = ['--steps', 'threshold,offset,common-mode,mask', '--workers', '1']
    const { child, ended } = startDetcal(
      ...['correct', run, '--out', out, '--catalogue', place.catalogue, ...steps],
    )
    // The first file is done; of the second the images are looked at.
    while (!existsSync(join(out, FIRST)) && child.exitCode === null)
      await new Promise(resolve => setTimeout(resolve, 2))
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    expect([status, stderr]).toEqual([143, expect.stringContaining('interrupted by SIGTERM')])
    expect(readdirSync(out)).toEqual([FIRST])
  })

  test('and once more ends it at once; the next correction sweeps what it left', async () => {
    const out = join(scratch(), 'proc')
    const { child, ended } = await midway(out)
    child.stderr?.on('data', (text: string) => {
      if (text.includes('stopping')) child.kill('SIGINT')
    })
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ status: null, signal: 'SIGINT' })
    const again = detcal(
      ...['correct', place.golden.path, '--out', out, '--catalogue', place.catalogue, '--overwrite'],
    )
    expect(again.status).toBe(0)
    expect(readdirSync(out).filter(name => !/\.(h5|yml)$/.test(name))).toEqual([])
  })

  test('SIGKILL leaves no CORR file that is not whole, and the next correction sweeps the rest', async () => {
    const folder = scratch()
    const out = join(folder, 'proc')
    const combined = ['--combined', join(folder, 'run.cxi')]
    const { child, ended } = await midway(out, ...combined)
    child.kill('SIGKILL')
    await ended
    expect(readdirSync(out).filter(name => name.endsWith('.h5'))).toEqual([FIRST])
    expect(readdirSync(out).some(name => name.includes('.part-'))).toBe(true)
    const again = detcal(
      ...['correct', place.golden.path, '--out', out, '--catalogue', place.catalogue, '--overwrite'],
      ...combined,
    )
    expect(again.status).toBe(0)
    expect(readdirSync(folder)).toEqual(['proc', 'run.cxi'])
    expect(readdirSync(out).filter(name => !/\.(h5|yml)$/.test(name))).toEqual([])
  })
})

describe('a reader that has seen enough', () => {
  test.each([
    ['of the help', ['correct', '--help']],
    ['of results', ['inspect', '--json']],
  ])('%s ends the command in silence', async (_, args) => {
    const { child, ended } = startDetcal(...args, ...(args[0] === 'inspect' ? [place.golden.path] : []))
    child.stdout?.destroy()
    const { status, stderr } = await ended
    expect([status, stderr.replace(/^warning: .*\n/gm, '')]).toEqual([0, ''])
  })

  test('of messages does not stop the work', async () => {
    const out = join(scratch(), 'proc')
    const { child, ended } = startDetcal(
      ...['correct', place.golden.path, '--out', out, '--catalogue', place.catalogue],
    )
    child.stderr?.destroy()
    child.stdout?.destroy()
    expect((await ended).status).toBe(0)
    expect(readdirSync(out).filter(name => name.endsWith('.h5'))).toHaveLength(6)
  })
})
