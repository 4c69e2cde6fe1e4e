import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Sample } from '../result.js'

/** What a whole process took, from before its start to after its end. */
export interface ProcessSample extends Required<Sample> {
  /** Most resident memory, bytes, as the kernel counts it; 0 where it does not say. */
  readonly peakBytes: number
  readonly stdout: string
}

/**
 * Node reads these certificates whenever it starts, which takes as long as the rest of its start: a matter of the machine,
 * not of what is measured.
 */
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env

/** Clock ticks a second of `/proc`: 100 on every Linux that Node runs on. */
const TICK_NS = 1e7
const POLL_MS = 50

/**
 * Runs a program to its end. Its processor time, that of its children included, is what the kernel adds to this
 * process's account of ended children, so no two may run at once.
 * @throws Error with the end of its stderr if it fails.
 */
export function runProcess(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = {},
): Promise<ProcessSample> {
  return new Promise((resolve, reject) => {
    const cpu = childrenNs()
    const start = process.hrtime.bigint()
    const child = spawn(command, args, {
      signal,
      env: { ...ENVIRONMENT, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    let peakBytes = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2000)
    })
    // The high-water mark only rises: the last look before the end is close to it.
    const poll = setInterval(() => {
      peakBytes = Math.max(peakBytes, highWater(child.pid))
    }, POLL_MS)
    let ns = 0
    child.on('exit', () => {
      ns = Number(process.hrtime.bigint() - start)
    })
    child.on('error', error => {
      clearInterval(poll)
      reject(error)
    })
    child.on('close', code => {
      clearInterval(poll)
      if (code === 0) resolve({ ns, cpuNs: childrenNs() - cpu, peakBytes, stdout })
      else reject(new Error(`${command} ${args.slice(0, 2).join(' ')} ended with ${code}: ${stderr.trim()}`))
    })
  })
}

/** Processor time of all children of this process that have ended. */
function childrenNs(): number {
  // Behind the name, which may hold anything: state is field 3; cutime and cstime are 16 and 17.
  const fields = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) * TICK_NS
}

function highWater(pid: number | undefined): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return Number(kib ?? 0) * 1024
  } catch {
    return 0
  }
}
