import { spawn } from 'node:child_process'
import { BusyError, UsageError } from '../../model/errors.js'
import { printable } from '../../model/printable.js'

/** Runs Slurm's commands. */
export interface SlurmCommands {
  /**
   * What a command prints.
   * @throws BusyError if Slurm does not answer: whether it has done it is not known. @throws UsageError if it refuses.
   */
  run(program: string, args: readonly string[], script?: BatchScript): Promise<string>
}

/** What sbatch is given on stdin, and the variables that the job finds in its environment besides those of the service. */
export interface BatchScript {
  readonly text: string
  readonly variables: Readonly<Record<string, string>>
}

/** Output that is kept, bytes: a list of a hundred thousand jobs. */
const MOST_OUTPUT = 32 * 1024 ** 2

/**
 * Slurm's commands on this host: argument lists, never a shell. Each is bounded in time by coreutils' `timeout`, so that none
 * that a killed service has left goes on much longer.
 */
export function slurmCommands(seconds: number): SlurmCommands {
  return {
    run: (program, args, script = { text: '', variables: {} }) =>
      new Promise((resolve, reject) => {
        const limited = ['--signal=KILL', String(seconds), program, ...args]
        const env = { ...slurmEnvironment(process.env), ...script.variables }
        const child = spawn('timeout', limited, { env })
        let [stdout, stderr] = ['', '']
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          if (stdout.length < MOST_OUTPUT) stdout += text
        })
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          if (stderr.length < 8192) stderr += text
        })
        // One that ends without reading what it is given says why.
        child.stdin.on('error', () => {})
        child.stdin.end(script.text)
        child.once('error', error => reject(failure(program, error.message, seconds)))
        child.once('close', (code, signal) => {
          if (code === 0 && stdout.length < MOST_OUTPUT) resolve(stdout)
          // `timeout` ends by the signal it sends, or by 124 and 137.
          else if (signal !== null || code === 124 || code === 137)
            reject(failure(program, undefined, seconds))
          else reject(failure(program, code === 127 ? 'No such file or directory' : stderr, seconds))
        })
      }),
  }
}

/** The environment without what would give Slurm's commands other options, or tell them that they run in a job. */
export function slurmEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => name === 'SLURM_CONF' || !/^(SLURM|SLURMD|SBATCH|SQUEUE|SCANCEL|SALLOC|SRUN)_/.test(name),
  )
  return Object.fromEntries(kept)
}

/** What is wrong, and what to do, by what Slurm says. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/partition/i, 'Name a partition that sinfo lists: `partition` under `slurm` of --config'],
  [/account/i, 'Name an account that may run there: `account` under `slurm` of --config'],
  [/reservation/i, 'Name one that scontrol show reservation lists: `reservation` under `slurm` of --config'],
  [/qos/i, 'Name one that you may use: `qos` under `slurm` of --config'],
  [/time limit/i, 'Ask for less `time` under `slurm` of --config, as sinfo lists it'],
  [/feature/i, 'Name features that sinfo --format=%f lists: `constraint` under `slurm` of --config'],
  [
    /node configuration|memory|cpu|nodes/i,
    'Ask for what a node has: `cpus` and `memory` under `slurm` of --config',
  ],
]

/** Slurm is there, but does not answer, or has no room: it may later. */
const LATER =
  /unable to contact|timed out|connection refused|communication|temporarily|try again|limit|protocol auth|munge|zero bytes|controller/i

function failure(program: string, text: string | undefined, seconds: number): BusyError | UsageError {
  if (text === undefined)
    return new BusyError(`${program} took more than ${seconds} s`, {
      hint: 'It is tried again; see whether the controller answers: scontrol ping',
    })
  const lines = text.split('\n').map(line => line.replace(/^\w+: (error: )?/, '').trim())
  const said = printable([...new Set(lines.filter(line => line !== ''))].join('; '))
  if (/No such file/.test(said) && !/stat|open|script/i.test(said))
    return new UsageError(`there is no ${program}`, {
      hint: "Install Slurm's commands, or use --launcher local",
    })
  const [, hint] = REFUSALS.find(([says]) => says.test(said)) ?? []
  if (LATER.test(said) && !/time limit/i.test(said))
    return new BusyError(`${program}: ${said}`, {
      hint: 'It is tried again; see whether the controller answers: scontrol ping',
    })
  return new UsageError(`${program}: ${said || 'it failed without a word'}`, {
    hint: hint ?? 'See what Slurm says of it, and `slurm` of --config',
  })
}
