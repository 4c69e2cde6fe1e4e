import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SOAK = fileURLToPath(new URL('../soak/online.mjs', import.meta.url))

/** A sample of `npm run soak:online`, which a release runs as a whole: what memory does is seen there. */
it('trains and damaged messages pass through a process that neither ends, hangs nor loses count', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [SOAK, '--trains', '200', '--messages', '2000', '--seed', '7'],
    { encoding: 'utf8', timeout: 300_000, killSignal: 'SIGKILL' },
  )
  expect(stdout, stderr).toMatch(/^\{/)
  const { trains, messages } = JSON.parse(stdout)
  expect(trains).toMatchObject({
    received: 200,
    complete: 200,
    lost: { damaged: 0, uncorrected: 0, unconsumed: 0 },
  })
  expect(messages.lost.damaged).toBeGreaterThan(100)
  expect(messages.received).toBeGreaterThan(100)
  expect([status, stderr]).toEqual([expect.any(Number), ''])
}, 300_000)
