import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** Trains that are sent through a service, and what they took. */
export interface ChainRun {
  /** From the last train that was not counted to the last counted one, as they arrived at the end. */
  readonly ns: number
  /** Processor time of the service alone meanwhile. */
  readonly cpuNs: number
  readonly bytesOut: number
  readonly stdout: string
}

export interface ChainOptions {
  /** The RAW run whose trains are sent. */
  readonly run: string
  readonly skipped: number
  readonly counted: number
  /** Trains a second; absent: as they are taken. */
  readonly rate?: number
  /** The service, which is told where it reads; it says on stderr where it serves, and ends with SIGTERM. */
  readonly service: (source: string) => readonly string[]
  readonly signal: AbortSignal
}

const script = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))
const ENDPOINT = /tcp:\/\/[\d.]+:\d+/

/** Sends trains from a feeder through a service to a sink, each a process of its own. @throws Error if one of them fails. */
export async function runChain(options: ChainOptions): Promise<ChainRun> {
  const { run, skipped, counted, rate = Number.POSITIVE_INFINITY, service, signal } = options
  const children: ChildProcess[] = []
  const start = (args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, args, { signal, stdio: ['ignore', 'pipe', 'pipe'] })
    child.on('error', () => {})
    children.push(child)
    return child
  }
  try {
    const feeder = start([script('feeder'), run, String(skipped + counted), String(rate)])
    const source = await endpointOf(outputOf(feeder), 'the feeder')
    const middle = start(service(source))
    const stdout = textOf(outputOf(middle))
    const served = await endpointOf(middle.stderr, 'the service')
    const sink = start([script('sink'), served, String(skipped), String(counted)])
    const lines = createInterface({ input: outputOf(sink) })[Symbol.asyncIterator]()
    await lines.next()
    const before = processorNs(middle.pid)
    const { value } = await lines.next()
    const cpuNs = processorNs(middle.pid) - before
    middle.kill('SIGTERM')
    await once(middle, 'close')
    const { ns, bytes } = JSON.parse(String(value)) as { ns: number; bytes: number }
    return { ns, cpuNs, bytesOut: bytes, stdout: await stdout }
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

/** The first endpoint that a process names. */
async function endpointOf(stream: Readable | null, who: string): Promise<string> {
  if (stream === null) throw new Error(`${who} has no output`)
  const lines = createInterface({ input: stream })
  const seen: string[] = []
  for await (const line of lines) {
    const [endpoint] = ENDPOINT.exec(line) ?? []
    if (endpoint !== undefined) {
      // What it says later must not fill the pipe.
      stream.resume()
      return endpoint
    }
    seen.push(line)
  }
  throw new Error(`${who} ended: ${seen.slice(-3).join(' ')}`)
}

function outputOf({ stdout }: ChildProcess): Readable {
  if (stdout === null) throw new Error('a process has no output')
  return stdout
}

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const part of stream) text += String(part)
  return text
}

/** Processor time of a process so far. */
function processorNs(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 1e7
}
