import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isDetcalError } from '../../src/model/errors.js'
import { CHECKS } from '../../src/sources/checks/index.js'
import { joinRun } from '../../src/sources/join.js'
import { openRun } from '../../src/sources/open-run.js'
import { validate } from '../../src/sources/validate.js'
import { scratch, writeControl, writeModule } from '../helpers/exdf.js'

/** Many more rounds on request: `DETCAL_FUZZ=5000`. */
const ROUNDS = Number(process.env['DETCAL_FUZZ'] ?? 150)

/** Small and seeded, so that a failing round can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('flipped bytes and cuts give a run or one of our errors, never a crash', async () => {
  const folder = scratch()
  const path = await writeModule(folder, { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] })
  await writeModule(folder, { trainIds: [1000, 1001, 1002], counts: [2, 3, 1], module: 1 })
  await writeControl(folder, { 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP': { gainModeIndex: 1 } })
  const whole = readFileSync(path)
  const outcomes = { whole: 0, damaged: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    const random = randomFrom(round + 1)
    const bytes = Buffer.from(whole)
    for (let flips = 1 + random(8); flips > 0; flips--) bytes[random(bytes.length)] = random(256)
    // A new inode each time: after an error the library keeps a file open and would show the old content.
    rmSync(path)
    writeFileSync(path, random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes)
    try {
      const run = await openRun(folder)
      expect(run.modules.size).toBeGreaterThan(0)
      joinRun(run)
      if (run.damaged.length > 0) outcomes.damaged++
      else outcomes.whole++
      await validate(folder, CHECKS)
    } catch (error) {
      console.log('R', round, String(error).slice(0, 300))
      if (!isDetcalError(error)) throw new Error(`round ${round}`, { cause: error })
    }
  }
  expect(outcomes.whole + outcomes.damaged).toBe(ROUNDS)
  expect(Math.min(outcomes.whole, outcomes.damaged)).toBeGreaterThan(ROUNDS / 20)
}, 600_000)
