import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GOLDEN_DARK, writeGoldenRun } from '../../golden/dark/index.js'
import { restore, withoutRows } from '../../helpers/restore.js'
import { characterise, digests, told } from './dark.js'

// What nobody wrote is no sample: the constants are those of a run that ends before it.
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-dark-written-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The run at `path` with the frames `rows` of its last file missing. */
async function without(path: string, rows: readonly number[]): Promise<string> {
  const to = `${path}-without`
  mkdirSync(to)
  const names = readdirSync(path).sort()
  for (const [i, name] of names.entries())
    await restore(
      join(path, name),
      join(to, name),
      'deflate',
      i === names.length - 1 ? withoutRows(rows) : undefined,
    )
  return to
}

it('frames that were never written are left out and named', async () => {
  const { trains = 0, cells = [] } = GOLDEN_DARK.stages[0] ?? {}
  const whole = join(folder, 'whole')
  const high = await writeGoldenRun(whole, 0)
  const medium = await writeGoldenRun(whole, 1)
  const low = await writeGoldenRun(whole, 2)
  // The last train of the last file.
  const rows = cells.map((_, i) => (trains - 4 - 1) * cells.length + i)
  const shorter = await writeGoldenRun(join(folder, 'shorter'), 0, {}, trains - 1)

  const [catalogue, expected] = [join(folder, 'catalogue'), join(folder, 'expected')]
  const outcome = await characterise({ runs: { high: await without(high, rows), medium, low }, catalogue })
  await characterise({ runs: { high: shorter, medium, low }, catalogue: expected })
  expect(await digests(catalogue)).toEqual(await digests(expected))
  expect(told(outcome)).toContain(
    `error frames_written module 3: ${cells.length} of ${trains * cells.length} frames of high gain were never written, though INDEX counts them: left out of the statistics`,
  )
})

it('a stage of which nothing was written fails the module', async () => {
  const runs = join(folder, 'nothing')
  const high = await writeGoldenRun(runs, 0, { written: false, also: () => {} })
  const medium = await writeGoldenRun(runs, 1)
  const low = await writeGoldenRun(runs, 2)
  const catalogue = join(folder, 'empty')
  await expect(characterise({ runs: { high, medium, low }, catalogue })).rejects.toThrow(
    /no frame of high gain was ever written/,
  )
})
