import { parseSlurmName, type SlurmName } from './job-name.js'

/** A job of ours, or a task of an array, as Slurm lists it. */
export interface SlurmTask extends SlurmName {
  /** `12`, or of an array `12_3`. */
  readonly id: string
  /** Number in its array. */
  readonly task?: number
  /** `RUNNING`, as Slurm spells it. */
  readonly state: string
  readonly node: string
  /** Why it waits, or `None`. */
  readonly reason: string
}

/** Arguments of squeue whose answer {@link parseListing} reads: all jobs of a user, those that have ended lately too. */
export function listingArguments(user: number): string[] {
  return ['--noheader', '--array', '--states=all', `--user=${user}`, '--format=%i|%j|%T|%N|%r']
}

const LINE = /^(\d{1,15})(?:_(\d{1,9}))?\|([^|]*)\|([A-Z_]+)\|([^|]*)\|(.*)$/

/** The jobs of a queue in squeue's answer; lines of others are passed over, whatever they are called. */
export function parseListing(text: string, queue: string): SlurmTask[] {
  return text.split('\n').flatMap(line => {
    const [, job = '', task, name = '', state = '', node = '', reason = ''] = LINE.exec(line.trimEnd()) ?? []
    const known = parseSlurmName(name)
    if (known?.queue !== queue || (known.kind === 'correct') !== (task !== undefined)) return []
    const id = task === undefined ? job : `${job}_${task}`
    return [{ ...known, id, ...(task !== undefined && { task: Number(task) }), state, node, reason }]
  })
}

const ENDED = [
  'BOOT_FAIL',
  'CANCELLED',
  'COMPLETED',
  'DEADLINE',
  'FAILED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'REVOKED',
  'TIMEOUT',
]

/** Whether Slurm has done with a job in that state; one that is not known counts as one that goes on. */
export function isSlurmEnd(state: string): boolean {
  return ENDED.includes(state)
}

/** What to do about an end. */
const NEXT: Readonly<Record<string, string>> = {
  TIMEOUT: ': raise `time` under `slurm`, or `--max-jobs`',
  OUT_OF_MEMORY: ': raise `memory` under `slurm`',
  DEADLINE: ': see its deadline',
}

/** A job for people: `Slurm job 12_3 RUNNING on node7`. */
export function slurmText({ id, state, node, reason }: SlurmTask): string {
  const where = node === '' ? '' : ` on ${node}`
  const held = /held/i.test(reason) ? `: scontrol release ${id}` : ''
  const why = state === 'PENDING' && reason !== 'None' ? ` (${reason})${held}` : ''
  return `Slurm job ${id} ${state}${where}${why}${NEXT[state] ?? ''}`
}

/** The job id in what `sbatch --parsable` prints: `12`, or `12;cluster`. Undefined: it is none. */
export function parseSubmitted(text: string): string | undefined {
  return /^(\d{1,15})(;[^\s;]+)?$/.exec(text.trim().split('\n').at(-1) ?? '')?.[1]
}
