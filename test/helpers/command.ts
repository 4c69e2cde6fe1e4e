import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** The command as it is installed; the global setup has built it. */
export const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** Caches of constants go where they are removed: no test finds what another left, nor does the user. */
const cache = mkdtempSync(join(tmpdir(), 'detcal-cache-'))
afterAll(() => rmSync(cache, { recursive: true, force: true }))
const ENV = { ...process.env, XDG_CACHE_HOME: cache }

/** How a command ended. */
export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `detcal …` to its end. */
export function detcal(...args: readonly string[]): Ended {
  return detcalWith({}, ...args)
}

/** Runs `detcal …` to its end, in an environment that differs from the tests' by `env`. */
export function detcalWith(env: NodeJS.ProcessEnv, ...args: readonly string[]): Ended {
  return spawnSync(process.execPath, [MAIN, ...args], {
    env: { ...ENV, ...env },
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 28,
  })
}

/** Starts `detcal …`; `ended` resolves when its process is gone and its pipes are closed. */
export function startDetcal(...args: readonly string[]): {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
} {
  const child = spawn(process.execPath, [MAIN, ...args], { env: ENV })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>(resolve =>
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr })),
  )
  return { child, ended }
}

/** What stderr says besides progress and warnings. */
export function failureLines({ stderr }: Ended): string[] {
  return stderr
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('warning: ') && !/^\d+\/\d+ trains, /.test(line))
}

/** Every file and folder below `folder` with its size: two listings are equal if nothing came, went or grew. */
export function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(name => {
      const info = statSync(join(folder, name), { throwIfNoEntry: false })
      return info?.isFile() ? `${name} ${info.size}` : name
    })
}
