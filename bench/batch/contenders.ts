import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PHASES, type PhaseTimes } from '../../src/engine/contract/phase-times.js'
import type { Dataset } from '../dataset.js'
import { PACKAGE_ROOT } from '../machine.js'
import { compile, findPython, PEERS } from '../peer.js'
import type { Sample } from '../result.js'
import type { Contender } from '../rounds.js'
import { type ProcessSample, runProcess } from './process.js'

/** How whole programs are run on a dataset. */
export interface BatchSetup {
  readonly data: Dataset
  readonly workers: number
  /** Everybody flushes to disk, or nobody does. */
  readonly sync: boolean
  /** Folder that a run's results go to, and compiled peers: on the file system that is measured. */
  readonly folder: string
  readonly signal: AbortSignal
}

/** What `detcal correct --json` says about where its time went. */
export interface CorrectReport {
  readonly phases: PhaseTimes
  readonly seconds: number
  readonly peakMemory: number
  readonly constantsCache: { readonly read?: readonly number[] }
}

export interface DetcalOptions {
  /** As `--memory` takes it. */
  readonly memory?: string
  /** Folder of packed constants that outlives the run; else each run loads them from their files, as the peers do. */
  readonly constantsCache?: string
  /** Modules whose constants must have come from there. */
  readonly packed?: number
  /** As `--trains` takes them. */
  readonly trains?: string
  /** As `--steps` takes them; absent: the default chain. */
  readonly steps?: string
}

/** `detcal correct`, a process with all that belongs to it. */
export function detcalBatch(
  setup: BatchSetup,
  workers: number,
  { memory, constantsCache = 'off', packed = 0, trains, steps }: DetcalOptions = {},
): Contender {
  const { sync, signal } = setup
  const details: Record<string, number>[] = []
  return {
    implementation: `detcal, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    run: () =>
      intoFolder(setup, async out => {
        const args = correctArguments(setup, out, [
          ...['--workers', String(workers), '--constants-cache', constantsCache, '--json'],
          ...(sync ? [] : ['--no-sync']),
          ...(memory === undefined ? [] : ['--memory', memory]),
          ...(trains === undefined ? [] : ['--trains', trains]),
          ...(steps === undefined ? [] : ['--steps', steps, '--cm-count', 'nominal']),
        ])
        const sample = await runProcess(process.execPath, args, signal)
        const report = JSON.parse(sample.stdout) as CorrectReport
        const { read = [] } = report.constantsCache
        if (read.length < packed)
          throw new Error(`constants of ${read.length} modules came from packs, not ${packed}`)
        details.push(detailsOf(report, sample))
        return sample
      }),
    details: () => medians(details),
  }
}

function correctArguments({ data }: BatchSetup, out: string, options: readonly string[]): string[] {
  const main = join(PACKAGE_ROOT, 'dist', 'src', 'cli', 'main.js')
  return [main, 'correct', data.run, '--catalogue', data.catalogue, '--out', out, ...options]
}

/** Thread seconds of each phase, and what is not the engine's: start and end of the process. */
function detailsOf(
  { phases, seconds }: CorrectReport,
  { ns, peakBytes }: ProcessSample,
): Record<string, number> {
  const threadSeconds = PHASES.map((name): [string, number] => [`${name} s`, phases[name].ns / 1e9])
  return {
    ...Object.fromEntries(threadSeconds.filter(([, value]) => value > 0)),
    'start s': ns / 1e9 - seconds,
    'peak MiB': peakBytes / 2 ** 20,
  }
}

/** Median of each figure over the runs after the first, which warms up, where there are more. */
function medians(runs: readonly Record<string, number>[]): Record<string, number> {
  const counted = runs.length > 1 ? runs.slice(1) : runs
  const names = Object.keys(counted[0] ?? {})
  return Object.fromEntries(
    names.map(name => {
      const sorted = counted.map(run => run[name] ?? 0).sort((a, b) => a - b)
      return [name, sorted[Math.floor(sorted.length / 2)] ?? 0]
    }),
  )
}

/** The Python chains, where Python has what they need. */
export function pythonBatches(setup: BatchSetup): Contender[] {
  const python = findPython('h5py', 'numba', 'numpy')
  if (python === undefined) return []
  const { data, workers, sync, folder, signal } = setup
  const files = pairs(data)
  return (['processes', 'threads'] as const).map(way => ({
    implementation: `Python, ${workers} ${way}`,
    note: 'h5py, numba, zlib',
    run: () =>
      intoFolder(setup, out => {
        const args = [join(PEERS, 'batch.py'), way, '--workers', String(workers), ...(sync ? ['--sync'] : [])]
        return runProcess(python, [...args, out, ...files], signal, {
          NUMBA_CACHE_DIR: join(folder, 'numba'),
        })
      }),
  }))
}

/** RAW file and constants file of each module in turn. */
function pairs({ rawFiles, catalogue }: Dataset): string[] {
  const constants = readdirSync(catalogue, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.h5'))
    .sort()
  return rawFiles.flatMap((raw, i) => [raw, join(catalogue, constants[i] ?? '')])
}

/** Reads the raw bytes and writes as many as `outputBytes`; nothing without a C compiler. */
export function ioFloor(setup: BatchSetup, outputBytes: number): Contender[] {
  const { data, workers, sync, folder, signal } = setup
  const program = compile('floor.c', folder, 'floor')
  if (program === undefined) return []
  const each = Math.ceil(outputBytes / data.rawFiles.length)
  return [
    {
      implementation: 'I/O floor',
      note: `reads the raw bytes, writes as many as the result has, ${workers} threads`,
      run: () =>
        intoFolder(setup, out =>
          runProcess(
            program,
            [String(workers), sync ? '1' : '0', String(each), out, ...data.rawFiles],
            signal,
          ),
        ),
    },
  ]
}

/** Runs `work` on an empty folder that is gone afterwards. */
async function intoFolder(setup: BatchSetup, work: (out: string) => Promise<Sample>): Promise<Sample> {
  const out = join(setup.folder, 'out')
  touchPageCache(setup)
  mkdirSync(out)
  try {
    return await work(out)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/**
 * Writes and removes as many bytes as a result has. A virtual machine may have given free memory back to its host, and
 * pages that come from there for the first time cost far more than writing them: everybody starts with pages at hand.
 */
function touchPageCache({ data, folder }: BatchSetup): void {
  const file = join(folder, 'touched')
  const block = Buffer.alloc(2 ** 18, 1)
  writeFileSync(file, '')
  for (let bytes = 0; bytes < 1.1 * data.rawBytes; bytes += block.byteLength)
    writeFileSync(file, block, { flag: 'a' })
  rmSync(file)
}

/** Bytes of all files of a correction of `setup`'s data. */
export async function outputBytes(setup: BatchSetup): Promise<number> {
  let bytes = 0
  await intoFolder(setup, async out => {
    const args = correctArguments(setup, out, ['--no-sync', '--constants-cache', 'off'])
    const sample = await runProcess(process.execPath, args, setup.signal)
    for (const file of readdirSync(out)) bytes += statSync(join(out, file)).size
    return sample
  })
  return bytes
}
