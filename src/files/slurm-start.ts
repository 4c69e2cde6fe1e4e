import { spawnSync } from 'node:child_process'
import * as v from 'valibot'

/** A start of a Slurm job, in which a process runs. A job that is requeued keeps its id, and is started once more. */
export const SLURM_START = v.object({
  cluster: v.string(),
  /** Its own id, of a task of an array too. */
  job: v.pipe(v.string(), v.regex(/^\d{1,15}$/)),
  restarts: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

export type SlurmStart = v.InferOutput<typeof SLURM_START>

/** The start of a Slurm job in which this process runs; undefined: none. */
export function slurmStart(env: NodeJS.ProcessEnv = process.env): SlurmStart | undefined {
  const {
    SLURM_JOB_ID: job = '',
    SLURM_CLUSTER_NAME: cluster = '',
    SLURM_RESTART_COUNT: restarts = '0',
  } = env
  const start = v.safeParse(SLURM_START, { cluster, job, restarts: Number(restarts) })
  return start.success && cluster !== '' ? start.output : undefined
}

/** Time that Slurm has to answer, ms. */
const PATIENCE_MS = 10_000

/** States in which processes of a job may run. */
const MAY_RUN = /^(RUNNING|COMPLETING|SUSPENDED|STOPPED|SIGNALING|RESIZING|STAGE_OUT|CONFIGURING)$/

/**
 * Whether Slurm says that nothing of a start runs any more, on whichever node: the job has ended, or was requeued. False if it
 * cannot tell: another cluster's, or it does not answer.
 */
export function isSlurmStartOver(start: SlurmStart): boolean {
  const own = slurmStart()
  if (own?.cluster === start.cluster && own.job === start.job) return own.restarts > start.restarts
  if ((own?.cluster ?? clusterName()) !== start.cluster) return false
  const args = ['--noheader', '--array', '--states=all', '--format=%A|%T', `--jobs=${start.job}`]
  const { status, stdout, stderr } = ask('squeue', args)
  // Forgotten, some minutes after its end.
  if (status !== 0) return /Invalid job id/i.test(stderr)
  const states = stdout.split('\n').flatMap(line => {
    const [job, state] = line.trim().split('|')
    return job === start.job && state !== undefined ? [state] : []
  })
  return !states.some(state => MAY_RUN.test(state))
}

/** Undefined: there is no Slurm here, or it does not answer. */
function clusterName(): string | undefined {
  return /^ClusterName\s*=\s*(\S+)/m.exec(ask('scontrol', ['show', 'config']).stdout)?.[1]
}

function ask(program: string, args: readonly string[]) {
  const { SLURM_CONF } = process.env
  const kept = Object.entries(process.env).filter(([name]) => !/^(SLURM|SQUEUE|SCONTROL)_/.test(name))
  const env = { ...Object.fromEntries(kept), ...(SLURM_CONF !== undefined && { SLURM_CONF }) }
  const options = { env, encoding: 'utf8', timeout: PATIENCE_MS, killSignal: 'SIGKILL' } as const
  const { status, stdout, stderr } = spawnSync(program, args, options)
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
}
