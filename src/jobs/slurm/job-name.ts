import type { JobStart } from '../run-job.js'

/** Kind of a job: `plan`, `summary`, or `correct`, which parts are as tasks of an array. */
export type SlurmKind = string

/**
 * What a job of ours is called in Slurm, by which a service finds it again: `detcal-<queue>-<request>-<kind>-<attempt>`. Nothing
 * that a message said is part of it.
 */
export interface SlurmName {
  /** Tells the queues apart whose services share an account: eight hexadecimal digits. */
  readonly queue: string
  readonly request: number
  readonly kind: SlurmKind
  readonly attempt: number
}

const NAME = /^detcal-([0-9a-f]{8})-(\d{1,15})-([a-z]{1,16})-(\d{1,9})$/

export function slurmName({ queue, request, kind, attempt }: SlurmName): string {
  return `detcal-${queue}-${request}-${kind}-${attempt}`
}

/** Undefined: it is not the name of a job of ours. */
export function parseSlurmName(text: string): SlurmName | undefined {
  const [, queue = '', request, kind, attempt] = NAME.exec(text) ?? []
  if (kind === undefined) return undefined
  return { queue, request: Number(request), kind, attempt: Number(attempt) }
}

/** Kind of a job, and of a part its number, which is that of its task. @throws Error for another name: a mistake of the program. */
export function slurmKindOf(name: string): { readonly kind: SlurmKind; readonly task?: number } {
  const [, digits] = /^correct-(\d{2,6})$/.exec(name) ?? []
  if (digits !== undefined) return { kind: 'correct', task: Number(digits) }
  if (name === 'correct' || !/^[a-z]{1,16}$/.test(name)) throw new Error(`there is no job ${name}`)
  return { kind: name }
}

/** What tells a job of a queue from others, whatever its attempt. */
export function slurmKey(request: number, kind: SlurmKind, task: number | undefined): string {
  return `${request} ${kind} ${task ?? ''}`
}

/** Number of a job's request: the name of its folder. */
export function requestOfJob({ folder }: Pick<JobStart, 'folder'>): number {
  return Number(/(\d+)$/.exec(folder)?.[1])
}

/** {@link slurmKey} of a job. */
export function keyOfJob({ folder, name }: JobStart): string {
  const { kind, task } = slurmKindOf(name)
  return slurmKey(requestOfJob({ folder }), kind, task)
}
