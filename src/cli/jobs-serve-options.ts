import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Argv } from 'yargs'
import { readCurveKeys } from '../bridge/curve-keys.js'
import { machineLimits, memoryBudget, parseBytes } from '../engine/plan/budget.js'
import { type Config, readConfig } from '../engine/run/config.js'
import type { JobServiceOptions } from '../jobs/service.js'
import { type SlurmOptions, slurmOptions } from '../jobs/slurm/options.js'
import { UsageError } from '../model/errors.js'
import { given } from '../model/given.js'
import { queueOption } from './jobs-options.js'
import { flagOption, numberOption, textOption } from './options.js'

/** Options of `detcal jobs serve` as yargs gives them. */
export interface ServeJobsArguments {
  readonly root: string
  readonly catalogue: string
  readonly queue: string
  readonly bind: string
  readonly publish?: string
  readonly curveKeys?: string
  readonly http?: string
  readonly watch: boolean
  readonly launcher: string
  readonly maxJobs: number
  readonly atATime: number
  readonly config?: string
  readonly settle: number
  readonly waitLimit: number
  readonly poll: number
  readonly checksums: boolean
  readonly json: boolean
}

const IN = 'Requests:'
const WORK = 'Jobs:'

/** The options of `detcal jobs serve`, in the groups that its help shows. */
export function serveJobsOptions(yargs: Argv): Argv<ServeJobsArguments> {
  return yargs
    .options({
      root: {
        ...textOption('proposal tree: <root>/<INSTR>/<cycle>/p<NNNNNN>/{raw,proc}'),
        demandOption: true,
      },
      catalogue: { ...textOption('folder of the constants catalogue'), demandOption: true },
      queue: queueOption,
      bind: { ...textOption('where requests are taken, over ZeroMQ', IN), default: 'tcp://127.0.0.1:5555' },
      publish: textOption('where changes are published: tcp://127.0.0.1:5556', IN),
      'curve-keys': textOption('file of keys: encrypts, and lets its clients in alone (detcal keys new)', IN),
      http: textOption(
        'address of the page: HOST:PORT, or off [default: 127.0.0.1:8080, or the next free port]',
        IN,
      ),
      watch: flagOption('look for migration markers in the tree', IN),
      settle: {
        ...numberOption('s that files of a run without a marker must be as they are', IN),
        default: 60,
      },
      'wait-limit': { ...numberOption('s that a request waits for its run at most', IN), default: 86_400 },
      poll: { ...numberOption('s between looks at runs and jobs', IN), default: 1 },
      launcher: {
        ...textOption('where jobs run: on this machine, or where Slurm has room', WORK),
        choices: ['local', 'slurm'],
        default: 'local',
      },
      'max-jobs': { ...numberOption('jobs that a run is split into, at most', WORK), default: 8 },
      'at-a-time': { ...numberOption('local: jobs that share this machine', WORK), default: 1 },
      config: textOption(
        'YAML file of options, or a preset, as of detcal correct; and how Slurm is asked, under slurm: partition, time, memory, ...',
        WORK,
      ),
      checksums: flagOption('checksums of all files in the completion file', WORK),
      json: flagOption('log as JSON lines'),
    })
    .example(
      '$0 jobs serve --root /data --catalogue catalogue --queue q.sqlite --watch',
      'correct runs as they migrate',
    )
    .example(
      '$0 jobs serve --root /gpfs/exp --catalogue /gpfs/catalogue --queue /gpfs/jobs/q.sqlite --watch --launcher slurm --config jobs.yml',
      'on a cluster; jobs.yml: slurm: {partition: upex, exclusive: true, time: "04:00:00"}',
    ) as unknown as Argv<ServeJobsArguments>
}

/** Options of a correction that a request, or the service, decides. */
const DECIDED = [
  'run',
  'out',
  'combined',
  'corrected',
  'detector',
  'sequences',
  'catalogue',
  'constantsFrom',
] as const

/** What the service is told, and how Slurm is asked, if it is. @throws UsageError */
export async function jobServiceOptions(args: ServeJobsArguments): Promise<{
  readonly service: Omit<JobServiceOptions, 'launcher' | 'signal'>
  readonly slurm?: SlurmOptions
}> {
  const { queue, bind, publish, curveKeys, watch, checksums } = args
  const config: Config =
    args.config === undefined ? { request: {}, machine: {} } : await readConfig(args.config, ['slurm'])
  const { request, machine, besides } = config
  // Checked whatever the launcher: one file serves both.
  const slurm = slurmOptions(besides?.['slurm'])
  const decided =
    DECIDED.find(name => request[name] !== undefined) ??
    (['overwrite', 'sync'] as const).find(name => machine[name] !== undefined)
  if (decided !== undefined)
    throw new UsageError(`--config says ${decided}, which requests and the service decide`, {
      hint: 'Leave it out of the file',
    })
  const isSlurm = args.launcher === 'slurm'
  const service = {
    ...{ queue, bind, watch },
    ...(publish !== undefined && { publish }),
    ...(curveKeys !== undefined && { keys: await readCurveKeys(curveKeys) }),
    root: folderOf(args.root, '--root'),
    task: {
      catalogue: folderOf(args.catalogue, '--catalogue'),
      options: request,
      maxJobs: numberOf(args.maxJobs, '--max-jobs', 1, 100),
      ...(isSlurm ? shareOfJob(machine) : shareOfMachine(machine, args.atATime)),
      checksums,
      ...given(machine, ['constantsCache', 'constantsCacheSize']),
    },
    settleMs: numberOf(args.settle, '--settle', 0, 1e6) * 1000,
    waitMs: numberOf(args.waitLimit, '--wait-limit', 0, 1e8) * 1000,
    pollMs: numberOf(args.poll, '--poll', 0.02, 3600) * 1000,
  }
  return { service, ...(isSlurm && { slurm }) }
}

type Share = Pick<JobServiceOptions['task'], 'workers' | 'memory'>

/** What each of the jobs may use that share this machine. */
function shareOfMachine(machine: Config['machine'], jobs: number): Share {
  const atATime = numberOf(jobs, '--at-a-time', 1, 64)
  const limits = machineLimits()
  const memory = memoryBudget(machine.memory === undefined ? undefined : parseBytes(machine.memory), limits)
  return {
    workers: Math.max(1, Math.floor((machine.workers ?? limits.cpus) / atATime)),
    memory: Math.floor(memory / atATime),
  }
}

/** What a job may use where Slurm runs it; what is not said, the job finds out there. */
function shareOfJob({ workers, memory }: Config['machine']): Share {
  return given({ workers, memory: memory === undefined ? undefined : parseBytes(memory) })
}

function folderOf(path: string, option: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return resolve(path)
  throw new UsageError(`${option} is no folder`, { place: { file: path } })
}

function numberOf(value: number, option: string, least: number, most: number): number {
  if (value >= least && value <= most) return value
  throw new UsageError(`${option} ${value} is out of bounds`, { hint: `Use ${least} to ${most}` })
}
