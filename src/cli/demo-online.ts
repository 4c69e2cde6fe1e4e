#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * `npm run demo:online`: a beamtime rehearsed from the run of `npm run demo`, which is made first if it is not there. Replays it again
 * and again, corrects each train as it comes, serves it, and shows it on a page. Ctrl-C ends it.
 */
const main = fileURLToPath(new URL('./main.js', import.meta.url))
const SOURCE = 'tcp://127.0.0.1:4545'
const OUTPUT = 'tcp://127.0.0.1:4600'
const PAGE = '127.0.0.1:8080'

if (!existsSync('demo/proc/r0004')) {
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL('./demo.js', import.meta.url))], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

const commands = [
  ['replay', 'demo/raw/r0004', '--bind', SOURCE, '--rate', '5', '--loop'],
  [
    ...['serve', '--source', SOURCE, '--publish', OUTPUT, '--http', PAGE],
    ...['--catalogue', 'demo/catalogue', '--condition', 'Gain mode=0'],
  ],
]
const children = commands.map(args => {
  process.stdout.write(`$ detcal ${args.join(' ')}\n`)
  return spawn(process.execPath, [main, ...args], { stdio: 'inherit' })
})
// Both are told by the terminal; if one ends by itself, the other has nothing to do.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
for (const child of children)
  child.on('close', () => {
    for (const other of children) other.kill('SIGTERM')
  })
