import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { lockHolder } from '../files/lock.js'
import { jobLock, jobLog } from './job-files.js'
import type { JobLauncher } from './launcher.js'
import type { JobStart } from './run-job.js'

/** Time that a job has to end by itself when the service ends, ms. */
const PATIENCE_MS = 20_000

/**
 * Runs jobs as processes of this machine. They outlive a service that was killed, and are found again by their locks.
 */
export class LocalLauncher implements JobLauncher {
  readonly slots: number
  readonly chains = false
  readonly #command: readonly string[]
  readonly #onEnded: () => void
  readonly #children = new Map<string, ChildProcess>()

  /**
   * @param command starts detcal: program and first arguments.
   * @param onEnded told when a job has ended that this process started.
   */
  constructor(command: readonly string[], slots: number, onEnded: () => void) {
    this.#command = command
    this.slots = slots
    this.#onEnded = onEnded
  }

  look(): void {}

  async start(jobs: readonly JobStart[]): Promise<void> {
    for (const job of jobs) this.#start(job)
  }

  #start({ folder, name, attempt }: JobStart): void {
    const [program = process.execPath, ...first] = this.#command
    const log = openSync(jobLog(folder, name), 'a')
    try {
      // A list, never a shell. In a group of its own: Ctrl-C is for the service, which ends its jobs itself.
      const args = [...first, 'jobs', 'run', folder, name, '--attempt', String(attempt)]
      const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true })
      const key = jobLock(folder, name)
      this.#children.set(key, child)
      const forget = () => {
        if (this.#children.get(key) === child) this.#children.delete(key)
        this.#onEnded()
      }
      child.once('error', forget).once('exit', forget)
    } finally {
      closeSync(log)
    }
  }

  isRunning({ folder, name }: JobStart): boolean {
    const lock = jobLock(folder, name)
    return this.#children.has(lock) || lockHolder(lock) !== undefined
  }

  tidings(): undefined {}

  stop({ folder, name }: JobStart): void {
    const lock = jobLock(folder, name)
    const pid = this.#children.get(lock)?.pid ?? lockHolder(lock)
    if (pid !== undefined) send(pid, 'SIGTERM')
  }

  async close(): Promise<void> {
    const children = [...this.#children.values()]
    const over = children.map(child => new Promise<void>(resolve => child.once('exit', () => resolve())))
    for (const { pid } of children) if (pid !== undefined) send(pid, 'SIGTERM')
    const kill = setTimeout(() => {
      for (const child of children) child.kill('SIGKILL')
    }, PATIENCE_MS)
    await Promise.all(over)
    clearTimeout(kill)
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
