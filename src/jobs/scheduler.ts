import { setImmediate } from 'node:timers/promises'
import { isSystemError } from '../files/errors.js'
import { OutputFolder } from '../files/output-folder.js'
import { errorText, isDetcalError } from '../model/errors.js'
import { advance } from './advance.js'
import { withdrawCompletion } from './completion.js'
import { DARK_JOB } from './dark-job.js'
import { darkRunsOf, numbersOf } from './dark-runs.js'
import { type JobTask, jobFolder, writeTask } from './job-files.js'
import type { JobLauncher } from './launcher.js'
import { readMarker } from './marker.js'
import { readPlan } from './plan-job.js'
import type { JobQueue } from './queue.js'
import type { QueuedJob, QueuedRequest } from './queued.js'
import { type Readiness, RunReadiness } from './readiness.js'
import type { JobStart } from './run-job.js'
import { type RunFolders, runFolders } from './run-key.js'
import { isEnded, isWaiting } from './states.js'
import { judge } from './submit.js'

/** What a scheduler works with. */
export interface SchedulerOptions {
  readonly queue: JobQueue
  readonly launcher: JobLauncher
  readonly root: string
  /** What the jobs of each request are told besides its run. */
  readonly task: Omit<JobTask, 'id' | 'run' | 'root' | 'detector' | 'overwrite' | 'dark' | 'created'>
  /** How long a run's files must stay as they are where no marker says that it is complete, ms. */
  readonly settleMs: number
  /** How long a request waits for its run at most, ms. */
  readonly waitMs: number
}

/** How long a job waits for an output folder that others hold, ms. */
const BUSY_MS = 5000

/**
 * Takes requests from state to state. It knows nothing but what is in the queue, the folders of requests, and the launcher:
 * after a restart it goes on where it was.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #readiness: RunReadiness
  /** Jobs that were refused an output folder, and until when they wait. */
  readonly #busy = new Map<string, number>()
  /** Jobs that were seen to run, and those that were told to stop. */
  readonly #seen = new Set<string>()
  readonly #stopped = new Set<string>()

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#readiness = new RunReadiness(options.settleMs)
  }

  /** Looks at everything once: what has ended, what is ready, what has room to run. */
  async step(): Promise<void> {
    const { queue, launcher } = this.#options
    launcher.look()
    this.#takeIn()
    let since = performance.now()
    for (const request of queue.active()) {
      try {
        if (isWaiting(request.state)) await this.#begin(request)
        if (this.#free() > 0) await this.#startJobs(request.id)
      } catch (error) {
        // A full disk, or a folder that is not there for a while: it is tried again, and others go on.
        if (!isDetcalError(error) && !isSystemError(error)) throw error
        queue.explain(request.id, errorText(error))
      }
      // Messages are answered in between.
      if (performance.now() - since < 20) continue
      await setImmediate()
      since = performance.now()
    }
  }

  /** Lets jobs that were stopped with the service, and came to nothing, wait for the next one. */
  leave(): void {
    for (const job of this.#options.queue.jobs({ state: 'running' })) this.#seen.delete(keyOf(job))
    this.#takeIn()
  }

  /** Notes what jobs came to, and stops those of requests that have ended. Those of a service before run on, or anew. */
  #takeIn(): void {
    const { queue, launcher } = this.#options
    for (const job of queue.jobs({ state: 'running' })) {
      const start = this.#startOf(job)
      const key = keyOf(job)
      const request = queue.request(job.request)
      // First whether it runs, then what it has said: it says so before it ends.
      const isRunning = launcher.isRunning(start)
      if (isRunning === undefined) continue
      const tidings = launcher.tidings(start)
      if (isRunning) {
        this.#seen.add(key)
        if (tidings !== undefined && tidings.text !== job.reason) queue.setJob(job, { reason: tidings.text })
        const isUnwanted = request !== undefined && isEnded(request.state) && !this.#stopped.has(key)
        if (isUnwanted) launcher.stop(start)
        if (isUnwanted) this.#stopped.add(key)
        continue
      }
      const came = advance(queue, job, start.folder, { wasSeen: this.#seen.delete(key), tidings })
      this.#stopped.delete(key)
      if (came === 'busy') this.#busy.set(key, Date.now() + BUSY_MS)
    }
  }

  /** Takes a request that waits as far as it goes: to what it waits for, or into planning. */
  async #begin(request: QueuedRequest): Promise<void> {
    const { queue, root, waitMs, task } = this.#options
    let folders: RunFolders
    try {
      folders = runFolders(root, request)
    } catch (error) {
      if (!isDetcalError(error)) throw error
      queue.goOn(request, 'failed', error.line)
      return
    }
    if (request.quality === '') {
      const quality = readMarker(folders.raw)?.quality
      if (quality !== undefined) {
        queue.transaction(() => {
          queue.setMarkedQuality(request, quality)
          judge(queue, request, quality)
        })
        return
      }
    }
    const ready = this.#readyOf(request, folders)
    if (ready !== 'ready') {
      const waited = Date.now() - Date.parse(request.changed)
      if (request.state === ready.state) {
        // People judge when they do; files come, or do not.
        if (ready.state !== 'waiting-for-quality' && waited > waitMs)
          queue.goOn(request, 'failed', `${ready.reason}, after ${Math.round(waited / 1000)} s`)
      } else queue.goOn(request, ready.state, ready.reason)
      return
    }
    if (request.state !== 'queued' && !queue.goOn(request, 'queued')) return
    if (this.#free() <= 0 || this.#isTaken(request)) return
    const { id, detector, overwrite, dark } = request
    const { instrument, cycle, proposal, run } = request
    await writeTask(jobFolder(queue.path, id), {
      ...{ id, run: { instrument, cycle, proposal, run }, root, detector, overwrite },
      ...(dark !== '' && { dark: darkRunsOf(dark) }),
      ...task,
      created: new Date().toISOString(),
    })
    queue.transaction(() => {
      // While the file was written somebody else may have spoken.
      if (queue.request(id)?.state !== 'queued') return
      queue.addJobs(id, [dark === '' ? 'plan' : DARK_JOB])
      queue.go(id, dark === '' ? 'planning' : 'characterising')
    })
  }

  /** Whether the run of a request, or each of its dark runs, is ready; else what the first waits for that is not. */
  #readyOf(request: QueuedRequest, folders: RunFolders): Readiness {
    if (request.dark === '') return this.#readiness.of(request, folders)
    const { root } = this.#options
    const runs = numbersOf(darkRunsOf(request.dark))
    const all = runs.map(run => this.#readiness.of(request, runFolders(root, { ...request, run })))
    return all.find(each => each !== 'ready') ?? 'ready'
  }

  /** Starts the jobs of a request that wait, as far as there is room; together where they may follow one another. */
  async #startJobs(id: number): Promise<void> {
    const { queue, launcher } = this.#options
    while (this.#free() > 0) {
      const request = queue.request(id)
      if (request === undefined || isEnded(request.state)) return
      const waiting = queue.jobs({ request: id }).filter(job => {
        const isDue = job.name !== 'summary' || request.state === 'summarising'
        return job.state === 'waiting' && isDue && (this.#busy.get(keyOf(job)) ?? 0) <= Date.now()
      })
      const jobs = launcher.chains ? waiting : waiting.slice(0, 1)
      if (jobs.length === 0) return
      if (request.state === 'planned' && !(await this.#withdrawn(request))) return
      await this.#start(request, jobs)
    }
  }

  async #start(request: QueuedRequest, jobs: readonly QueuedJob[]): Promise<void> {
    const { queue, launcher } = this.#options
    const begun = queue.transaction(() => {
      const now = queue.request(request.id)
      if (now === undefined || isEnded(now.state)) return undefined
      if (now.state === 'planned') queue.go(now.id, 'running')
      const summary = launcher.chains ? summaryAfter(queue, jobs) : undefined
      for (const job of summary === undefined ? jobs : [...jobs, summary])
        queue.setJob(job, { state: 'running', attempt: job.attempt + 1, reason: '' })
      return { summary }
    })
    if (begun === undefined) return
    const { summary } = begun
    const next = (job: QueuedJob) => this.#startOf({ ...job, attempt: job.attempt + 1 })
    const all = summary === undefined ? jobs : [...jobs, summary]
    for (const job of all) {
      this.#busy.delete(keyOf(job))
      this.#seen.add(keyOf(job))
    }
    try {
      await launcher.start(jobs.map(next), {
        priority: request.priority,
        ...(summary && { summary: next(summary) }),
      })
      queue.explain(request.id, '')
    } catch (error) {
      if (!isDetcalError(error)) throw error
      // They may run all the same: what is next looked at tells, and they wait again if not.
      for (const job of all) {
        queue.setJob(job, { reason: errorText(error) })
        this.#busy.set(keyOf(job), Date.now() + BUSY_MS)
        this.#seen.delete(keyOf(job))
      }
      throw error
    }
  }

  /** Before the first file is replaced, nothing says any more that the run is complete. @returns whether that is so. */
  async #withdrawn(request: QueuedRequest): Promise<boolean> {
    const { queue, root } = this.#options
    try {
      const { detectors } = readPlan(jobFolder(queue.path, request.id))
      const out = OutputFolder.open(runFolders(root, request).proc, { overwrite: true, sync: true })
      try {
        await withdrawCompletion(
          out,
          detectors.map(({ karaboId }) => karaboId),
        )
      } finally {
        out.close()
      }
      return true
    } catch (error) {
      if (!isDetcalError(error)) throw error
      if (isDetcalError(error, 'busy')) queue.explain(request.id, errorText(error))
      else queue.goOn(request, 'failed', errorText(error))
      return false
    }
  }

  #free(): number {
    const { queue, launcher } = this.#options
    return launcher.slots - queue.jobs({ state: 'running' }).length
  }

  /** Whether another request for the run is on its way, or jobs of one that has ended are. */
  #isTaken(request: QueuedRequest): boolean {
    const { queue } = this.#options
    return queue.requestsOf(request, request.dark).some(({ id, state }) => {
      if (id === request.id) return false
      if (!isEnded(state)) return !isWaiting(state)
      return queue.jobs({ request: id }).some(job => job.state === 'running')
    })
  }

  #startOf({ request, name, attempt }: Pick<QueuedJob, 'request' | 'name' | 'attempt'>): JobStart {
    return { folder: jobFolder(this.#options.queue.path, request), name, attempt }
  }
}

/**
 * The summary of a request, if these are the last of its parts: then it may wait for them where they run.
 * @returns the job, which is made if there is none.
 */
function summaryAfter(queue: JobQueue, parts: readonly QueuedJob[]): QueuedJob | undefined {
  const [{ request, name: first } = { request: 0, name: '' }] = parts
  if (!first.startsWith('correct-')) return undefined
  const others = queue.jobs({ request }).filter(({ name }) => !parts.some(part => part.name === name))
  if (others.some(({ name, state }) => name !== 'summary' && state !== 'done')) return undefined
  const known = others.find(({ name }) => name === 'summary')
  if (known !== undefined) return known.state === 'waiting' ? known : undefined
  queue.addJobs(request, ['summary'])
  return queue.jobs({ request }).find(({ name }) => name === 'summary')
}

function keyOf({ request, name }: QueuedJob): string {
  return `${request} ${name}`
}
