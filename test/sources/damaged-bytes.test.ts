import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { scratch, writeModule } from '../helpers/exdf.js'

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname
/** Many more rounds on request: `DETCAL_FUZZ=1000`. */
const ROUNDS = Number(process.env['DETCAL_FUZZ'] ?? 12)
const FIRST = Number(process.env['DETCAL_FUZZ_FROM'] ?? 0)

/** Small and seeded, so that a failing round can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

// A process a round: damaged metadata can break the HDF5 library for good, and must not break more than that.
test('flipped bytes and cuts give a result or one of our errors, and always an end', async () => {
  const folder = scratch()
  const path = await writeModule(folder, { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] })
  await writeModule(folder, { trainIds: [1000, 1001, 1002], counts: [2, 3, 1], module: 1 })
  const whole = readFileSync(path)
  const codes = new Set<number | null>()
  for (let round = FIRST; round < FIRST + ROUNDS; round++) {
    const random = randomFrom(round + 1)
    const bytes = Buffer.from(whole)
    for (let flips = 1 + random(8); flips > 0; flips--) bytes[random(bytes.length)] = random(256)
    writeFileSync(path, random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes)
    const command = round % 2 === 0 ? 'inspect' : 'validate'
    const { status, stderr } = spawnSync(process.execPath, [MAIN, command, folder], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect([0, 1, 2], `round ${round}: ${stderr}`).toContain(status)
    codes.add(status)
  }
  expect(codes).toContain(1)
}, 3_600_000)
