import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import { shaped } from '../src/model/shape.js'
import { PACKAGE_ROOT } from './machine.js'
import type { Contender } from './rounds.js'

/** Folder of the peers' sources. */
export const PEERS = join(PACKAGE_ROOT, 'bench', 'peers')

/** What a peer measured: wall and processor time, ns. */
const TIMES = v.object({ ns: v.number(), cpuNs: v.number() })

/** Longer than any answer takes: a peer that hangs must not hang the benchmark. */
const PATIENCE_MS = 300_000

/**
 * A program that waits for lines on stdin and answers each with one line of JSON. What it measures it times itself,
 * so that neither its start nor the pipe counts.
 */
export class Peer {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #errors = ''

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#process = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } })
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2000)
    })
    // What goes wrong with writing to a dead peer shows as a missing answer.
    this.#process.stdin.on('error', () => {})
    this.#process.on('error', error => {
      this.#errors += error.message
    })
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** @throws Error with what the peer complained of, if it ends or is silent for minutes. */
  async ask(...words: readonly (string | number)[]): Promise<unknown> {
    this.#process.stdin.write(`${words.join(' ')}\n`)
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE_MS)
    try {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error(`${this.#process.spawnargs.join(' ')} ended: ${this.#errors.trim()}`)
      return JSON.parse(value)
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#process.stdin.end()
    this.#process.kill()
  }
}

/** A contender whose passes a peer runs and times: `<command> <passes> <words>` is answered with `{ns, cpuNs}` of all. */
export function peerContender(
  peer: Peer,
  [command, ...words]: readonly [string, ...(readonly (string | number)[])],
  implementation: string,
  note?: string,
): Contender {
  return {
    implementation,
    ...(note === undefined ? {} : { note }),
    run: async passes => {
      const answer = await peer.ask(command, passes, ...words)
      const { ns, cpuNs } = timesOf(answer, `${implementation}, ${command}`)
      return { ns: ns / passes, cpuNs: cpuNs / passes }
    },
  }
}

/** The times in a peer's answer. @throws Error naming the peer, if there are none. */
export function timesOf(answer: unknown, peer: string): v.InferOutput<typeof TIMES> {
  return shaped(TIMES, answer, message => new Error(`${peer} answered otherwise than with times: ${message}`))
}

/** The Python that has all of `modules`, tried in this order; undefined if none has. */
export function findPython(...modules: readonly string[]): string | undefined {
  const tried = [process.env['DETCAL_BENCH_PYTHON'], 'python3', '/usr/bin/python3']
  return tried.find(python => {
    if (python === undefined) return false
    try {
      execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/** Compiles a peer written in C into `folder`. @returns its path, or undefined without a compiler. */
export function compile(
  source: string,
  folder: string,
  name: string,
  ...flags: string[]
): string | undefined {
  const program = join(folder, name)
  try {
    execFileSync(
      'cc',
      ['-O3', '-Wno-psabi', ...flags, '-o', program, join(PEERS, source), '-lm', '-lpthread'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    return program
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
