import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { jobFolder } from '../../src/jobs/job-files.js'
import type { RequestStatus } from '../../src/jobs/job-status.js'
import { detcal, detcalWith } from '../helpers/command.js'
import {
  completionIn,
  filesIn,
  type JobTree,
  jobTree,
  mark,
  startService,
  statusIn,
  until,
} from '../helpers/job-tree.js'

// `detcal jobs serve --launcher slurm` on a real Slurm: a controller and two nodes of this machine, set up by slurm/cluster.sh.
// Whatever happens to jobs, nodes, controller and service, the files are those of a correction on this machine.

const CLUSTER = join(import.meta.dirname, 'slurm/cluster.sh')
const PRELOAD = `--import=${pathToFileURL(join(import.meta.dirname, '../helpers/killed-at.mjs')).href}`
/** A moment inside of a part: one of its two files is whole, and the other is not. */
const HALFWAY = 'correct-00:file2'

/** Slurm has its own pace, and this machine may have other work. */
const PATIENCE_MS = 90_000

let tree: JobTree
let slurm: string
let env: NodeJS.ProcessEnv
let service: Awaited<ReturnType<typeof startService>> | undefined
let trials = 0

beforeAll(async () => {
  tree = await jobTree()
  slurm = join(tree.folder, 'slurm')
  env = { SLURM_CONF: join(slurm, 'slurm.conf') }
  cluster('start')
})
afterAll(() => {
  cluster('stop')
  tree.remove()
})
afterEach(async () => {
  service?.child.kill('SIGTERM')
  await service?.ended
  service = undefined
  slurmSays('scancel', '--user=root')
})

function cluster(...[action = '', ...rest]: readonly string[]): void {
  execFileSync('bash', [CLUSTER, action, slurm, ...rest], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function slurmSays(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { env: { ...process.env, ...env }, encoding: 'utf8' })
}

/** Jobs of Slurm that have not ended: id, state, node, dependency. */
function inSlurm(): string[][] {
  const text = slurmSays('squeue', '--noheader', '--array', '--format=%i|%T|%N|%E')
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => line.split('|'))
}

interface Trial {
  readonly queue: string
  readonly proc: string
  /** What one of its jobs leaves when it comes to the moment at which it is killed or held. */
  readonly moment: string
  start(more?: NodeJS.ProcessEnv): Promise<void>
  request(): RequestStatus | undefined
  reached(state: string): Promise<RequestStatus>
  at(found: () => boolean, what: string): Promise<void>
}

/** A queue of its own for the run of {@link jobTree}, which has migrated. */
function trial(variables: NodeJS.ProcessEnv = {}, ...options: readonly string[]): Trial {
  const queue = join(tree.folder, `queue-${trials++}.sqlite`)
  const config = join(tree.folder, 'jobs.yml')
  writeFileSync(
    config,
    `slurm: {partition: test, time: "00:30:00", memory: 2GiB, cpus: 1, nice: 10, poll: 0.3, timeout: 5, folder: ${tree.folder}/shared 100%}\n`,
  )
  const proc = join(tree.proposal, 'proc', 'r0001')
  const moment = join(tree.folder, `moment-${trials}`)
  rmSync(proc, { recursive: true, force: true })
  mark(join(tree.proposal, 'raw', 'r0001'), 'good')
  const request = () => (existsSync(queue) ? statusIn(queue).requests[0] : undefined)
  const at = (found: () => boolean, what: string) =>
    until(
      found,
      () => `${what}: ${JSON.stringify(request())}\n${service?.log()}\n${slurmSays('squeue', '--array')}`,
      PATIENCE_MS,
    )
  return {
    ...{ queue, proc, moment, request, at },
    start: async (more = {}) => {
      service = await startService(
        tree,
        queue,
        ['--watch', '--launcher', 'slurm', '--config', config, ...options],
        { ...env, DETCAL_KILL_MARK: moment, ...variables, ...more },
      )
    },
    reached: async state => {
      await at(() => request()?.state === state, state)
      return request() as RequestStatus
    },
  }
}

const HELD = { NODE_OPTIONS: PRELOAD, DETCAL_KILL: HALFWAY, DETCAL_HELD: '1' }

/** What must be so at the end, whatever has happened: the files of an uninterrupted correction, and nothing else. */
async function expectComplete({ proc, queue }: Trial): Promise<void> {
  expect(await filesIn(proc)).toEqual(tree.expected)
  expect(completionIn(proc)?.detectors['SPB_DET_AGIPD1M-1']).toMatchObject({
    status: 'corrected',
    problems: [],
  })
  const left = spawnSync('ls', ['-A', proc, jobFolder(queue, 1)], { encoding: 'utf8' }).stdout
  expect(left).not.toMatch(/part|lock/)
}

/** Attempts of the jobs, by name. */
function attempts(status: RequestStatus): Record<string, number> {
  return Object.fromEntries(status.jobs.map(({ name, attempt }) => [name, attempt]))
}

describe('a run in Slurm', () => {
  it('is an array of parts with the summary behind it, and its files equal a local correction', async () => {
    const one = trial(HELD, '--max-jobs', '2')
    await one.start()
    await one.at(() => existsSync(one.moment) && inSlurm().length === 2, 'one part and the summary')
    const jobs = inSlurm()
    const [array] = jobs.find(([id]) => id?.endsWith('_0'))?.[0]?.split('_') ?? []
    expect(jobs.find(([id]) => !id?.includes('_'))).toEqual([
      ...[expect.any(String), 'PENDING', ''],
      expect.stringMatching(new RegExp(`^afterok:${array}_`)),
    ])
    const { jobs: rows } = one.request() as RequestStatus
    expect(rows.find(({ name }) => name === 'correct-00')?.reason).toMatch(
      /^Slurm job \d+_0 RUNNING on (one|two)$/,
    )
    // A part that is requeued is done once more on whatever node, though its process, of whose files one is whole, had no time to
    // take its lock away.
    expect(readdirSync(one.proc).filter(name => name.endsWith('.h5'))).toHaveLength(3)
    slurmSays('scontrol', 'requeue', `${array}_0`)
    const done = await one.reached('done')
    expect(attempts(done)).toEqual({ plan: 1, 'correct-00': 1, 'correct-01': 1, summary: 1 })
    await expectComplete(one)
  })

  it('goes on when a node dies, on the other', async () => {
    const one = trial(HELD, '--max-jobs', '2')
    await one.start()
    await one.at(() => existsSync(one.moment) && inSlurm().length === 2, 'one part and the summary')
    const [id = '', , node = ''] = inSlurm().find(([id]) => id?.endsWith('_0')) ?? []
    // As if its power had failed: the daemon and the job are gone without a word, and an operator says so.
    const daemon = Number(readFileSync(join(slurm, `slurmd-${node}.pid`), 'utf8'))
    process.kill(daemon, 'SIGKILL')
    killJob(jobFolder(one.queue, 1), 'correct-00')
    slurmSays('scontrol', 'update', `nodename=${node}`, 'state=down', 'reason=dead')
    // There it may be over between two looks.
    const elsewhere = () => inSlurm().some(job => job[0] === id && job[1] === 'RUNNING' && job[2] !== node)
    await one.at(() => elsewhere() || one.request()?.state === 'done', 'elsewhere')
    // Its power is back.
    cluster('node', node)
    const done = await one.reached('done')
    // The part is another attempt where its end was seen before its node's.
    expect(attempts(done)).toMatchObject({ plan: 1, 'correct-01': 1 })
    await expectComplete(one)
  })

  it('goes on when a part is killed, by another attempt', async () => {
    const one = trial({ NODE_OPTIONS: PRELOAD, DETCAL_KILL: HALFWAY }, '--max-jobs', '2')
    await one.start()
    const done = await one.reached('done')
    expect(existsSync(one.moment)).toBe(true)
    expect(attempts(done)).toMatchObject({ plan: 1, 'correct-00': 2, 'correct-01': 1 })
    expect(done.jobs.find(({ name }) => name === 'correct-00')?.crashes).toBe(1)
    await expectComplete(one)
  })

  it('that is cancelled leaves Slurm, the summary too, and may be asked for again', async () => {
    const one = trial(HELD, '--max-jobs', '2')
    await one.start()
    await one.at(() => existsSync(one.moment) && inSlurm().length === 2, 'one part and the summary')
    expect(detcal('jobs', 'cancel', '1', '--queue', one.queue).status).toBe(0)
    await one.at(() => inSlurm().length === 0, 'nothing in Slurm')
    await one.at(() => one.request()?.jobs.every(({ state }) => state !== 'running') === true, 'stopped')
    expect(completionIn(one.proc)).toBeUndefined()
    const run = ['--instrument', 'SPB', '--cycle', '202601', '--proposal', '900900', '--run', '1']
    detcal('jobs', 'submit', '--queue', one.queue, ...run)
    await one.at(() => statusIn(one.queue).requests[1]?.state === 'done', 'done at the second request')
    expect(await filesIn(one.proc)).toEqual(tree.expected)
  })

  it('that somebody cancels in Slurm is cancelled, and says so', async () => {
    const one = trial(HELD, '--max-jobs', '2')
    await one.start()
    await one.at(() => existsSync(one.moment), 'a part at work')
    const [id = ''] = inSlurm().find(([id]) => id?.endsWith('_0')) ?? []
    slurmSays('scancel', id)
    expect((await one.reached('cancelled')).reason).toContain(
      `correct-00 was called off: Slurm job ${id} CANCELLED`,
    )
    await one.at(() => inSlurm().length === 0, 'nothing in Slurm')
  })
})

describe('a service', () => {
  it('that is killed when Slurm has a job and it does not know yet finds it, and submits nothing twice', async () => {
    const one = trial({}, '--max-jobs', '2')
    const folder = join(tree.folder, 'wrapped')
    mkdirSync(folder, { recursive: true })
    const [calls, killed] = [join(folder, 'calls'), join(folder, 'killed')]
    // Its parent is `timeout`, and the parent of that the service.
    writeFileSync(
      join(folder, 'sbatch'),
      `#!/bin/sh
/usr/bin/sbatch "$@"
case "$*" in *--test-only*) exit;; esac
echo "$@" >> ${calls}
case "$*" in *--array*) [ -e ${killed} ] || { touch ${killed}; kill -KILL "$(ps -o ppid= -p $PPID | tr -d ' ')"; } ;; esac
`,
    )
    chmodSync(join(folder, 'sbatch'), 0o755)
    const path = { PATH: `${folder}:${process.env['PATH']}` }
    await one.start(path)
    await service?.ended
    expect(existsSync(killed)).toBe(true)
    await one.start(path)
    const done = await one.reached('done')
    expect(attempts(done)).toMatchObject({ plan: 1, 'correct-00': 1, 'correct-01': 1 })
    const submitted = readFileSync(calls, 'utf8').match(/(plan|correct|summary)-\d+(?= )/g)
    expect(submitted?.sort()).toEqual(['correct-1', 'plan-1', expect.stringMatching(/^summary-\d$/)])
    await expectComplete(one)
  })

  it('that ends leaves its jobs to Slurm, and the next takes in what they came to', async () => {
    const one = trial({}, '--max-jobs', '2')
    await one.start()
    await one.at(() => (one.request()?.jobs.length ?? 0) === 4, 'all jobs submitted')
    service?.child.kill('SIGTERM')
    expect(await service?.ended).toBe(0)
    await one.at(() => inSlurm().length === 0, 'done without a service')
    expect(completionIn(one.proc)).toBeDefined()
    await one.start()
    expect(attempts(await one.reached('done'))).toEqual({
      plan: 1,
      'correct-00': 1,
      'correct-01': 1,
      summary: 1,
    })
    await expectComplete(one)
  })

  it('says what Slurm refuses, and what to do', async () => {
    const config = join(tree.folder, 'wrong.yml')
    const serve = (text: string) => {
      writeFileSync(config, text)
      const paths = [
        '--root',
        tree.root,
        '--catalogue',
        tree.catalogue,
        '--queue',
        join(tree.folder, 'w.sqlite'),
      ]
      const slurmOf = ['--launcher', 'slurm', '--config', config]
      const { status, stderr } = detcalWith(env, 'jobs', 'serve', ...paths, ...slurmOf)
      return { status, stderr }
    }
    expect(serve('slurm: {partition: upex}')).toEqual({
      status: 2,
      stderr: expect.stringMatching(/invalid partition specified: upex.*Name a partition that sinfo lists/),
    })
    expect(serve('slurm: {reservation: beamtime}').stderr).toMatch(
      /reservation is invalid.*scontrol show reservation/,
    )
    expect(serve('slurm: {cpus: 400}').stderr).toMatch(/Ask for what a node has/)
    expect(serve('slurm: {partitions: test}').stderr).toMatch(/slurm: partitions/)
  })

  it('waits while the controller is away, says so, and goes on', async () => {
    const one = trial({}, '--max-jobs', '2')
    const pid = Number(readFileSync(join(slurm, 'slurmctld.pid'), 'utf8'))
    await one.start()
    await one.at(() => one.request()?.state === 'planning', 'planning')
    process.kill(pid, 'SIGKILL')
    await until(
      () => /error: squeue.*scontrol ping/.test(service?.log() ?? ''),
      () => service?.log() ?? '',
      PATIENCE_MS,
    )
    cluster('start')
    await one.reached('done')
    await expectComplete(one)
  })
})

it('a run of 16 modules in four sequences goes from its marker to its proc folder', async () => {
  const proposal = join(tree.root, 'SPB', '202601', 'p900901')
  const plain = join(tree.folder, 'plain-16')
  mkdirSync(proposal)
  const size = ['--trains', '8', '--trains-per-file', '2', '--cells', '2', '--run', '7']
  const catalogue = ['--catalogue', tree.catalogue]
  detcal('simulate', proposal, '--detector', 'agipd1m', ...catalogue, ...size)
  const raw = join(proposal, 'raw', 'r0007')
  expect(detcal('correct', raw, '--out', plain, ...catalogue).status).toBe(0)
  const one = trial({}, '--max-jobs', '3')
  rmSync(join(tree.proposal, 'raw', 'r0001', 'migration_complete.json'))
  mark(raw, 'unclear')
  await one.start()
  const done = await one.reached('done')
  expect(attempts(done)).toEqual({ plan: 1, 'correct-00': 1, 'correct-01': 1, 'correct-02': 1, summary: 1 })
  const expected = await filesIn(plain)
  expect(Object.keys(expected)).toHaveLength(64)
  expect(await filesIn(join(proposal, 'proc', 'r0007'))).toEqual(expected)
})

/** Ends a job's process as a power failure would. */
function killJob(folder: string, name: string): void {
  const pids = execFileSync('pgrep', ['--full', `jobs run .*${folder} ${name}`], { encoding: 'utf8' })
  for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL')
}
