import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { outdatedNode } from '../../src/cli/outdated-node.js'
import { MAIN } from '../helpers/command.js'
import { scratch } from '../helpers/exdf.js'

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  engines: { node: string }
}

test('Node.js from the version of package.json on will do', () => {
  const least = engines.node.replace('>=', '')
  expect([`${least}.0`, '20.20.2', '22.0.0', '24.11.1'].map(outdatedNode)).toEqual(
    Array.from({ length: 4 }, () => undefined),
  )
  for (const old of ['20.18.9', '18.20.8', '4.0.0'])
    expect(outdatedNode(old)).toBe(
      `Node.js ${old} is too old, ${least} or later is needed. Install it from https://nodejs.org.`,
    )
})

test('an old Node.js gets one line, and exit code 2, before anything is loaded', () => {
  const standIn = join(scratch(), 'old.cjs')
  writeFileSync(
    standIn,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } })",
  )
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ['--require', standIn, MAIN, 'inspect', 'x'],
    {
      encoding: 'utf8',
    },
  )
  expect({ status, stderr, stdout }).toEqual({
    status: 2,
    stderr: `detcal: ${outdatedNode('18.20.8')}\n`,
    stdout: '',
  })
})

test('the entry file imports nothing that an old Node.js may not have', () => {
  const entry = readFileSync(MAIN, 'utf8')
  expect(entry.match(/^import .*$/gm)).toBeNull()
  expect(entry.match(/import\(.*?\)/g)).toHaveLength(1)
})
