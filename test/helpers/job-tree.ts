import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Completion } from '../../src/jobs/completion.js'
import type { QueueStatus } from '../../src/jobs/job-status.js'
import { queueStatus } from '../../src/jobs/job-status.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { detcal, MAIN } from './command.js'
import { fileContent } from './file-content.js'

/** A proposal tree with a run of two modules in two sequences, its constants, and what a correction of it gives. */
export interface JobTree {
  readonly folder: string
  readonly root: string
  readonly catalogue: string
  readonly proposal: string
  /** CORR files of an uninterrupted correction, by name. */
  readonly expected: Readonly<Record<string, unknown>>
  remove(): void
}

/** What names the run of {@link jobTree}. */
export const RUN_OF_TREE = { instrument: 'SPB', cycle: '202601', proposal: 900900, run: 1 } as const

export async function jobTree(): Promise<JobTree> {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-jobs-'))
  const [root, catalogue, plain] = ['tree', 'catalogue', 'plain'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const proposal = join(root, 'SPB', '202601', 'p900900')
  mkdirSync(proposal, { recursive: true })
  const size = ['--modules', '0,3', '--trains', '4', '--trains-per-file', '2', '--cells', '2']
  must(detcal('simulate', proposal, '--detector', 'agipd1m', '--catalogue', catalogue, '--run', '1', ...size))
  must(detcal('correct', join(proposal, 'raw', 'r0001'), '--out', plain, '--catalogue', catalogue))
  const expected = await filesIn(plain)
  return {
    folder,
    root,
    catalogue,
    proposal,
    expected,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function must({ status, stderr }: { readonly status: number | null; readonly stderr: string }): void {
  if (status !== 0) throw new Error(stderr)
}

/** The content of the CORR files in a folder, by name. */
export async function filesIn(folder: string): Promise<Record<string, unknown>> {
  const names = readdirSync(folder)
    .filter(name => name.endsWith('.h5'))
    .sort()
  return Object.fromEntries(
    await Promise.all(names.map(async name => [name, await fileContent(join(folder, name))] as const)),
  )
}

/** Says that the run is complete, and how good it is. */
export function mark(raw: string, quality: string): void {
  writeFileSync(join(raw, 'migration_complete.json'), JSON.stringify({ quality }))
}

/** The completion file of a proc folder. */
export function completionIn(proc: string): Completion | undefined {
  const path = join(proc, 'corrections_complete.json')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Completion) : undefined
}

/** What a queue says, as another process sees it. */
export function statusIn(queue: string): QueueStatus {
  return JobQueue.using(queue, open => queueStatus(open, { limit: 100 }))
}

/** A service that runs. */
export interface StartedService {
  readonly child: ChildProcess
  readonly endpoint: string
  readonly publishes: string
  readonly log: () => string
  readonly ended: Promise<number | null>
}

/** Starts `detcal jobs serve`; resolves when it answers, or has ended. */
export async function startService(
  { root, catalogue, folder }: Pick<JobTree, 'root' | 'catalogue' | 'folder'>,
  queue: string,
  options: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<StartedService> {
  const args = ['jobs', 'serve', '--root', root, '--catalogue', catalogue, '--queue', queue]
  const free = [
    '--bind',
    'tcp://127.0.0.1:*',
    '--publish',
    'tcp://127.0.0.1:*',
    '--poll',
    '0.05',
    '--settle',
    '0.2',
    ...(options.includes('--http') ? [] : ['--http', 'off']),
  ]
  const child = spawn(process.execPath, [MAIN, ...args, ...free, ...options], {
    env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  const ready = new Promise<void>(resolve =>
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text
      if (log.includes('taking requests at')) resolve()
    }),
  )
  await Promise.race([ready, ended])
  const [, endpoint = '', publishes = ''] = /taking requests at (\S+), publishing at (\S+)/.exec(log) ?? []
  return { child, endpoint, publishes, log: () => log, ended }
}

/** Looks until `found` is so. @param patience at most so long, ms. */
export async function until(found: () => boolean, what: () => string, patience = 25_000): Promise<void> {
  for (const end = Date.now() + patience; !found(); await new Promise(resolve => setTimeout(resolve, 30)))
    if (Date.now() > end) throw new Error(`it did not come to that: ${what()}`)
}
