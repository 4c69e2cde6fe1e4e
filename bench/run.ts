import { makeFolders } from '../src/files/folders.js'
import { median } from '../src/model/median.js'
import { benchBatch } from './batch/index.js'
import { benchDark } from './dark/index.js'
import { benchHdf5 } from './hdf5/index.js'
import { benchKernels } from './kernels/index.js'
import { describeMachine } from './machine.js'
import { benchOnline } from './online/index.js'
import { benchReadback } from './readback/index.js'
import type { BenchReport, Result } from './result.js'
import type { SuiteOptions } from './suite.js'

/** The suites, in the order they run. */
export const SUITES = {
  kernels: benchKernels,
  hdf5: benchHdf5,
  batch: benchBatch,
  dark: benchDark,
  online: benchOnline,
  readback: benchReadback,
} as const satisfies Record<string, (options: SuiteOptions) => Promise<Result[]>>
export type SuiteName = keyof typeof SUITES

/**
 * Runs `suites` and reports what they measured, and on what.
 * @throws Error if an implementation of detcal's own gives wrong results, or a peer fails.
 */
export async function runBench(
  suites: readonly SuiteName[],
  options: Omit<SuiteOptions, 'cache'>,
): Promise<BenchReport> {
  const machine = describeMachine()
  makeFolders(options.scratch)
  const results: Result[] = []
  for (const suite of suites) results.push(...(await SUITES[suite]({ ...options, cache: machine.cache })))
  warnIfBusy(results, options.onProgress)
  return { machine, results }
}

/** Less of a core than this for a thread that never waits: somebody else had the rest. */
const UNDISTURBED = 0.9

function warnIfBusy(results: readonly Result[], onProgress: (text: string) => void): void {
  const shares = results
    .filter(({ name, cpuNsPerPixel }) => name.startsWith('kernel,') && cpuNsPerPixel !== undefined)
    .map(({ cpuNsPerPixel, nsPerPixel }) => (cpuNsPerPixel ?? 0) / nsPerPixel)
  const share = median(shares)
  if (share < UNDISTURBED)
    onProgress(
      `warning: others used this machine: threads had ${(100 * share).toFixed(0)} % of a core, so compare CPU times`,
    )
}
