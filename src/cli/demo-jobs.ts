#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolders } from '../files/folders.js'
import { COMPLETION_NAME } from '../jobs/completion.js'
import { queueStatus } from '../jobs/job-status.js'
import { JobQueue } from '../jobs/queue.js'
import { MARKER_NAME } from '../jobs/run-key.js'
import { isEnded } from '../jobs/states.js'

/**
 * `npm run demo:jobs`: a proposal tree with three runs of 16 modules, of which the data manager finds one good, one unclear and
 * one bad. They migrate, the service corrects two of them, and ends.
 */
const OUT = 'demo/jobs'
const main = fileURLToPath(new URL('./main.js', import.meta.url))
const proposal = join(OUT, 'tree', 'SPB', '202601', 'p900900')
const [catalogue, queue] = [join(OUT, 'catalogue'), join(OUT, 'queue.sqlite')]
const QUALITIES_OF_RUNS = ['good', 'unclear', 'bad'] as const

function detcal(...args: readonly string[]): void {
  process.stdout.write(`\n$ detcal ${args.join(' ')}\n`)
  const { status } = spawnSync(process.execPath, [main, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

rmSync(OUT, { recursive: true, force: true })
makeFolders(proposal)
for (const run of QUALITIES_OF_RUNS.keys())
  detcal(
    ...['simulate', proposal, '--detector', 'agipd1m', '--run', String(run + 1), '--catalogue', catalogue],
    ...['--trains', '8', '--trains-per-file', '2', '--cells', '2', '--seed', String(run + 1)],
  )

const serve = [
  'jobs',
  'serve',
  '--root',
  join(OUT, 'tree'),
  '--catalogue',
  catalogue,
  '--queue',
  queue,
  '--watch',
]
const endpoints = ['--bind', 'tcp://127.0.0.1:*', '--max-jobs', '2']
process.stdout.write(`\n$ detcal ${[...serve, ...endpoints].join(' ')}\n`)
const service = spawn(process.execPath, [main, ...serve, ...endpoints], { stdio: 'inherit' })
for (const [run, quality] of QUALITIES_OF_RUNS.entries()) {
  const marker = join(proposal, 'raw', `r000${run + 1}`, MARKER_NAME)
  process.stdout.write(`$ echo '{"quality":"${quality}"}' > ${marker}\n`)
  writeFileSync(marker, JSON.stringify({ quality }))
}
const timer = setInterval(() => {
  const { requests } = JobQueue.using(queue, open => queueStatus(open, { limit: 10 }), { create: true })
  if (requests.length === QUALITIES_OF_RUNS.length && requests.every(({ state }) => isEnded(state)))
    service.kill('SIGTERM')
}, 500)
service.on('close', code => {
  clearInterval(timer)
  detcal('jobs', 'status', '--queue', queue)
  process.stdout.write(`
corrected  ${resolve(proposal, 'proc', 'r0001')}, r0002   (complete: ${COMPLETION_NAME})
recorded   r0003, which is bad
`)
  process.exitCode = code ?? 1
})
