import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SOAK = fileURLToPath(new URL('../soak/soak.py', import.meta.url))

interface Trial {
  readonly trial: string
  readonly name: 'equal' | 'told' | 'named' | 'refused' | 'unseen' | 'FAULT'
  readonly why: string
}

/** A sample of `npm run soak`, which a release runs as a whole. */
test('a number or a byte that is spoilt is never met with a crash, a hang, a wrong pixel or silence', () => {
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-B', SOAK, '--sample', '90', '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  expect(stdout, stderr).toMatch(/^\[/)
  const trials = JSON.parse(stdout) as Trial[]
  expect(trials.length).toBeGreaterThan(60)
  expect(trials.filter(({ name }) => name === 'FAULT').map(({ trial, why }) => `${trial}: ${why}`)).toEqual(
    [],
  )
})
