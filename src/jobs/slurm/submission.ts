import { DataError, UsageError } from '../../model/errors.js'
import type { JobStart } from '../run-job.js'
import type { SlurmCommands } from './commands.js'
import { requestOfJob, type SlurmKind, slurmKindOf, slurmName } from './job-name.js'
import { parseSubmitted } from './listing.js'
import { resourceArguments, type SlurmOptions } from './options.js'

/** How jobs are given to Slurm. */
export interface Submission {
  readonly slurm: SlurmOptions
  /** Starts detcal on a node: program and first arguments. */
  readonly command: readonly string[]
  /** Of the queue, in the names of its jobs. */
  readonly tag: string
  readonly priority: number
  /** Ids of jobs, or of tasks, that must have come to a good end first. */
  readonly after?: readonly string[]
}

/**
 * What runs on a node, whatever is asked for: the command in DETCAL_JOB, a word a line. A task of an array adds the name of its
 * part. The process is the job's own, so that it is told when the job is to end.
 */
const SCRIPT = `#!/bin/sh
set -f
IFS='
'
set -- $DETCAL_JOB
if [ -n "$SLURM_ARRAY_TASK_ID" ]; then
  set -- "$@" "$(printf 'correct-%02d' "$SLURM_ARRAY_TASK_ID")"
fi
exec "$@"
`

/**
 * Gives jobs of one request to Slurm: parts of the same attempt as one array, others each alone.
 * @returns their ids. @throws as {@link SlurmCommands.run}: some may have come to Slurm.
 */
export async function submitJobs(
  jobs: readonly JobStart[],
  submission: Submission,
  commands: SlurmCommands,
): Promise<string[]> {
  const groups = new Map<string, JobStart[]>()
  for (const job of jobs) {
    const key = `${slurmKindOf(job.name).kind} ${job.attempt}`
    groups.set(key, [...(groups.get(key) ?? []), job])
  }
  const ids: string[] = []
  for (const group of groups.values()) {
    const script = { text: SCRIPT, variables: { DETCAL_JOB: commandOf(group, submission).join('\n') } }
    const printed = await commands.run('sbatch', submitArguments(group, submission), script)
    const id = parseSubmitted(printed)
    if (id === undefined)
      throw new DataError(`sbatch printed no job id: ${printed.slice(0, 200)}`, {
        hint: 'See whether a wrapper of sbatch is in the PATH of the service',
      })
    ids.push(id)
  }
  return ids
}

/** Arguments of sbatch for jobs of one request, kind and attempt. */
export function submitArguments(jobs: readonly JobStart[], submission: Submission): string[] {
  const [{ folder, name, attempt } = { folder: '', name: '', attempt: 0 }] = jobs
  const { slurm, tag, priority, after } = submission
  const { kind } = slurmKindOf(name)
  const tasks = jobs.flatMap(job => slurmKindOf(job.name).task ?? [])
  const label = slurmName({ queue: tag, request: requestOfJob({ folder }), kind, attempt })
  return [
    ...['--parsable', '--requeue', '--open-mode=append', '--export=ALL', '--input=none'],
    ...[`--job-name=${label}`, `--chdir=${folder}`, `--output=${logPattern(folder, kind)}`],
    ...(tasks.length > 0 ? [`--array=${tasks.join(',')}`] : []),
    // A job whose turn can never come any more goes by itself.
    ...(after === undefined || after.length === 0
      ? []
      : [`--dependency=afterok:${after.join(':')}`, '--kill-on-invalid-dep=yes']),
    ...resourceArguments(slurm, priority),
  ]
}

/** Words of the command that does them; to that of a part its task adds the name. @throws UsageError if it cannot be given. */
export function commandOf(jobs: readonly JobStart[], { command }: Pick<Submission, 'command'>): string[] {
  const [{ folder, name, attempt } = { folder: '', name: '', attempt: 0 }] = jobs
  const { kind } = slurmKindOf(name)
  const words = [...command, 'jobs', 'run', '--attempt', String(attempt), folder]
  if (words.some(word => word === '' || word.includes('\n')))
    throw new UsageError('a word of the command of a job is empty, or has several lines', {
      hint: 'Choose another folder for the queue, or another `command` under `slurm` of --config',
    })
  return kind === 'correct' ? words : [...words, name]
}

/** Where a job of that kind says what it does: as `jobLog`, in Slurm's spelling. */
function logPattern(folder: string, kind: SlurmKind): string {
  const escaped = folder.replaceAll('%', '%%')
  return `${escaped}/${kind === 'correct' ? 'correct-%2a' : kind}.log`
}
