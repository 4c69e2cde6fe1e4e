import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { dirname } from 'node:path'

/** The package's folder: this file runs from `dist/bench`. */
export const PACKAGE_ROOT = dirname(createRequire(import.meta.url).resolve('#package'))

/** Where and when numbers were measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Bytes of main memory and of the last-level cache that a core sees. */
  readonly memory: number
  readonly cache: number
  readonly kernel: string
  readonly node: string
  readonly commit: string
  /** ISO 8601, UTC. */
  readonly date: string
  /** Processes that wanted to run in the minute before: much above 0, others were at work. */
  readonly load: number
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: totalmem(),
    cache: cacheBytes(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    commit: commit(),
    date: new Date().toISOString(),
    load: loadavg()[0] ?? 0,
  }
}

/** One line for people. */
export function machineLine(machine: Machine): string {
  const { cpu, cores, memory, cache, kernel, node, commit, date, load } = machine
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(0)} GiB`
  return [
    `${cpu}, ${cores} cores, ${gib(memory)}, ${(cache / 2 ** 20).toFixed(0)} MiB of last-level cache`,
    `${kernel}, Node ${node}, detcal ${commit}`,
    `${date.slice(0, 16).replace('T', ' ')} UTC, load before ${load.toFixed(1)}`,
  ].join('; ')
}

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
/** Where the cache cannot be asked for: more than most cores have. */
const USUAL_CACHE = 64 * 2 ** 20

function cacheBytes(): number {
  try {
    const text = readFileSync('/sys/devices/system/cpu/cpu0/cache/index3/size', 'utf8').trim()
    return Number.parseInt(text, 10) * (UNITS[text.slice(-1)] ?? 1)
  } catch {
    return USUAL_CACHE
  }
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: PACKAGE_ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const dirty = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short', 'HEAD').trim()}${dirty ? ' with changes' : ''}`
  } catch {
    return 'of no repository'
  }
}
