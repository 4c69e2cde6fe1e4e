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

test('a text whose place is damaged is named, and the HDF5 library is not asked for it', async () => {
  const folder = scratch()
  const path = await writeModule(folder, { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] })
  await writeModule(folder, { trainIds: [1000, 1001, 1002], counts: [2, 3, 1], module: 1 })
  const bytes = readFileSync(path)
  // The reference to the creation date in its heap: length, address, number. It becomes longer than anything there.
  const isReference = (at: number) =>
    bytes.readUInt32LE(at) === 16 &&
    bytes.readUInt32LE(at + 8) === 0 &&
    bytes.toString('latin1', bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 4) + 4) === 'GCOL'
  const at = Array.from({ length: bytes.length - 16 }, (_, i) => i).find(isReference)
  expect(at).toBeDefined()
  for (const [length, heap] of [
    [0xf0000000, 0],
    [196, 0],
    [16, 8],
    [16, 2 ** 31],
  ]) {
    const spoilt = Buffer.from(bytes)
    spoilt.writeUInt32LE(length ?? 0, at)
    spoilt.writeUInt32LE(bytes.readUInt32LE((at ?? 0) + 4) + (heap ?? 0), (at ?? 0) + 4)
    writeFileSync(path, spoilt)
    for (const command of ['inspect', 'validate']) {
      const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, command, folder], {
        encoding: 'utf8',
      })
      expect(status).toBe(1)
      expect(stderr + stdout).toMatch(/AGIPD00-S00000\.h5[\s\S]*METADATA\/creationDate.*damaged HDF5 file/)
      expect(stderr).not.toMatch(/Abort|enlarge/)
    }
  }
}, 60_000)
