#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT } from './exit.js'

/**
 * `npm run demo`: a simulated 16-module run and its constants, corrected, on embedded defaults. It runs the same
 * commands as a user would and shows them.
 */
const OUT = resolve('demo')
const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

function detcal(...args: string[]): void {
  process.stdout.write(`\n$ detcal ${args.join(' ')}\n`)
  const { status, signal } = spawnSync(process.execPath, [MAIN, ...args], { stdio: 'inherit' })
  if (status !== EXIT.done) process.exit(status ?? (signal ? EXIT.problems : EXIT.internal))
}

rmSync(OUT, { recursive: true, force: true })
detcal(
  'simulate',
  'demo',
  '--detector',
  'agipd1m',
  '--trains',
  '16',
  '--cells',
  '4',
  '--trains-per-file',
  '8',
)
detcal('inspect', join('demo', 'raw', 'r0001'))
detcal(
  'correct',
  join('demo', 'raw', 'r0001'),
  '--out',
  join('demo', 'proc', 'r0001'),
  '--catalogue',
  join('demo', 'catalogue'),
  '--combined',
  join('demo', 'r0001.cxi'),
)
detcal('validate', join('demo', 'proc', 'r0001'))
process.stdout.write(`
RAW files       ${join(OUT, 'raw', 'r0001')}
constants       ${join(OUT, 'catalogue')}
CORR files      ${join(OUT, 'proc', 'r0001')}   (EXtra-data: RunDirectory, AGIPD1M)
combined frames ${join(OUT, 'r0001.cxi')}   (CrystFEL, h5py)
`)
