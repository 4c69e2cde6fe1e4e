import { type DetcalError, isDetcalError } from '../../model/errors.js'
import { readResult } from '../job-files.js'
import type { JobLauncher, JobTidings, StartOptions } from '../launcher.js'
import type { JobStart } from '../run-job.js'
import { type SlurmCommands, slurmCommands } from './commands.js'
import { keyOfJob, slurmKey } from './job-name.js'
import { isSlurmEnd, listingArguments, parseListing, type SlurmTask, slurmText } from './listing.js'
import type { SlurmOptions } from './options.js'
import { type Submission, submitJobs } from './submission.js'

/** What a launcher of Slurm jobs works with. */
export interface SlurmLauncherOptions {
  readonly slurm: SlurmOptions
  /** Starts detcal on a node: program and first arguments. */
  readonly command: readonly string[]
  /** Of the queue, as `queueTag` gives it. */
  readonly tag: string
  /** Told when Slurm has told of its jobs, so that they are looked at. */
  readonly onListed: () => void
  /** Told of what keeps Slurm from its work, once until it changes. */
  readonly onTrouble: (error: DetcalError) => void
}

/** Ids that one scancel is given. */
const MOST_IDS = 500

/**
 * Has jobs run by Slurm: the parts of a request are one array, and its summary waits for it. Nothing is kept here: a job is
 * found again in Slurm's list by its name, and has come to what its file says, whatever Slurm thinks of it. A service that ends
 * leaves its jobs to Slurm.
 */
export class SlurmLauncher implements JobLauncher {
  readonly chains = true
  readonly #options: SlurmLauncherOptions
  readonly #commands: SlurmCommands
  /** By key: all that Slurm has listed of a job, of any attempt, the earliest first. */
  #tasks: ReadonlyMap<string, readonly SlurmTask[]> = new Map()
  /** When a list was last asked for, and when the last one that came was; ms. */
  #askedAt = -Infinity
  #listedAt = -Infinity
  #listing: Promise<void> | undefined
  /** By key, from when on a list has a job, if Slurm has it at all. */
  readonly #since = new Map<string, number>()
  /** The same of jobs that this process did not start: a command that a service before has left may still be at it. */
  readonly #begun: number
  readonly #unwanted = new Set<string>()
  #isSilent = false
  /** What was last told of. */
  #trouble = ''

  constructor(options: SlurmLauncherOptions, commands = slurmCommands(options.slurm.timeout)) {
    this.#options = options
    this.#commands = commands
    this.#begun = performance.now() + options.slurm.timeout * 1000
  }

  /** None while Slurm does not answer. */
  get slots(): number {
    return !this.#isSilent && this.#listedAt > 0 ? this.#options.slurm['at-a-time'] : 0
  }

  look(): void {
    if (performance.now() - this.#askedAt < this.#options.slurm.poll * 1000) return
    this.#listing ??= this.#list().finally(() => {
      this.#listing = undefined
    })
  }

  async start(jobs: readonly JobStart[], { priority, summary }: StartOptions): Promise<void> {
    const { slurm, command, tag } = this.#options
    const submission: Submission = { slurm, command: slurm.command ?? command, tag, priority }
    const all = summary === undefined ? jobs : [...jobs, summary]
    try {
      const found = jobs.flatMap(job => this.#alive(job))
      const missing = jobs.filter(job => this.#alive(job).length === 0 && !hasCome(job))
      const made = await submitJobs(missing, submission, this.#commands)
      // All must end well: one that does not takes the summary with it, which is then started after the next try.
      const after = [...found.map(({ id }) => id), ...made]
      if (summary !== undefined && this.#alive(summary).length === 0)
        await submitJobs([summary], { ...submission, after }, this.#commands)
      this.#trouble = ''
    } catch (error) {
      if (isDetcalError(error)) this.#tell(error)
      throw error
    } finally {
      // Even what failed may have come to Slurm.
      for (const job of all) this.#since.set(keyOfJob(job), performance.now())
      this.#askedAt = -Infinity
    }
  }

  isRunning(job: JobStart): boolean | undefined {
    if (hasCome(job)) return false
    if (this.#alive(job).length > 0) return true
    return (this.#since.get(keyOfJob(job)) ?? this.#begun) > this.#listedAt ? undefined : false
  }

  tidings(job: JobStart): JobTidings | undefined {
    const tasks = this.#tasks.get(keyOfJob(job)) ?? []
    const task =
      tasks.find(({ state }) => !isSlurmEnd(state)) ??
      tasks.findLast(({ attempt }) => attempt === job.attempt)
    return task && { text: slurmText(task), isCalledOff: task.state === 'CANCELLED' }
  }

  stop(job: JobStart): void {
    this.#unwanted.add(keyOfJob(job))
    this.#askedAt = -Infinity
  }

  async close(): Promise<void> {
    await this.#listing
  }

  #alive(job: JobStart): readonly SlurmTask[] {
    return (this.#tasks.get(keyOfJob(job)) ?? []).filter(({ state }) => !isSlurmEnd(state))
  }

  /** Asks Slurm for its jobs, and has those cancelled that are not wanted. */
  async #list(): Promise<void> {
    this.#askedAt = performance.now()
    const asked = this.#askedAt
    try {
      const text = await this.#commands.run('squeue', listingArguments(process.getuid?.() ?? 0))
      this.#tasks = byKey(parseListing(text, this.#options.tag))
      this.#listedAt = asked
      await this.#cancel()
      this.#isSilent = false
    } catch (error) {
      if (!isDetcalError(error)) throw error
      this.#isSilent = true
      this.#tell(error)
    }
    this.#options.onListed()
  }

  /** Tried again with every list, until they are gone. */
  async #cancel(): Promise<void> {
    const ids: string[] = []
    for (const key of this.#unwanted) {
      const alive = (this.#tasks.get(key) ?? []).filter(({ state }) => !isSlurmEnd(state))
      if (alive.length === 0) this.#unwanted.delete(key)
      ids.push(...alive.map(({ id }) => id))
    }
    for (let from = 0; from < ids.length; from += MOST_IDS)
      await this.#commands.run('scancel', ids.slice(from, from + MOST_IDS))
  }

  #tell(error: DetcalError): void {
    if (this.#trouble !== error.line) this.#options.onTrouble(error)
    this.#trouble = error.line
  }
}

function byKey(tasks: readonly SlurmTask[]): Map<string, SlurmTask[]> {
  const found = new Map<string, SlurmTask[]>()
  for (const task of tasks.toSorted((a, b) => a.attempt - b.attempt)) {
    const key = slurmKey(task.request, task.kind, task.task)
    found.set(key, [...(found.get(key) ?? []), task])
  }
  return found
}

/** Whether a job has said what it came to; what cannot be read is what it came to. */
function hasCome(job: JobStart): boolean {
  try {
    return readResult(job.folder, job) !== undefined
  } catch (error) {
    return isDetcalError(error)
  }
}
