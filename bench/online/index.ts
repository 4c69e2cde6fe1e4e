import { join } from 'node:path'
import type { OnlineStatus } from '../../src/online/live.js'
import { type Dataset, dataset } from '../dataset.js'
import { PACKAGE_ROOT } from '../machine.js'
import { type Result, resultOf } from '../result.js'
import { type Contender, measure } from '../rounds.js'
import { percent, type SuiteOptions } from '../suite.js'
import { type ChainRun, runChain } from './chain.js'

const SHARE = 0.004
/** Trains before those that count: constants are loaded, memory is touched. */
const SKIPPED = 6
/** Latency is that of trains which do not wait for one another: so many, so many a second. */
const PACED = 20
const PACE = 3

/**
 * Trains over the Karabo bridge on this machine, from a feeder through a service to a sink, each a process of its own: the
 * service with its default steps, without any, and a relay that passes the same bytes on. Times are those of trains as fast as
 * they are taken; latencies, from the last byte in to the first byte out, those at a pace that leaves the machine time.
 */
export async function benchOnline(options: SuiteOptions): Promise<Result[]> {
  const { quick, rounds, onProgress } = options
  const shape = quick ? { modules: 2, cells: 2, trains: 2 } : { modules: 16, cells: 16, trains: 4 }
  const data = await dataset({ ...shape, switched: SHARE }, options)
  const counted = quick ? 4 : 40
  const { modules, cells } = shape
  const name = `online, ${modules} modules × ${cells} cells, ${percent(SHARE)} switched`
  const [own, ...others] = [
    served(data, 'detcal serve', [], counted, options),
    served(data, 'detcal serve, no steps', ['--steps', 'none'], counted, options),
    relay(data, counted, options),
  ] as const
  const say = (text: string): void => onProgress(`${name}: ${text}`)
  const series = await measure(own, others, { rounds, leastNs: 0, warmUp: false, onProgress: say })
  const pixels = (data.pixels / shape.trains) * counted
  return series
    .map(one => resultOf({ name, pixels, bytesPerPixel: 8 }, one))
    .map(result => withRate(result, pixels / counted))
}

function served(
  data: Dataset,
  implementation: string,
  steps: readonly string[],
  counted: number,
  options: SuiteOptions,
): Contender {
  const main = join(PACKAGE_ROOT, 'dist/src/cli/main.js')
  const service = (source: string): string[] => [
    ...[
      main,
      'serve',
      '--http',
      'off',
      '--source',
      source,
      '--source-socket',
      'PULL',
      '--catalogue',
      data.catalogue,
    ],
    ...['--publish', 'tcp://127.0.0.1:*', '--publish-socket', 'PUSH', '--when-full', 'wait'],
    ...['--axis-order', 'file', '--json', '--workers', String(options.workers), ...steps],
    ...['--modules', `0-${data.modules - 1}`],
  ]
  const latencies: number[] = []
  return {
    implementation,
    run: async () => {
      const paced = await through(data, service, PACED, options, PACE)
      const { recent } = JSON.parse(paced.stdout) as OnlineStatus
      latencies.push(...recent.slice(-PACED).map(({ latency }) => latency))
      return through(data, service, counted, options)
    },
    details: () => ({
      'p50 ms': quantile(latencies, 0.5),
      'p99 ms': quantile(latencies, 0.99),
    }),
  }
}

function relay(data: Dataset, counted: number, options: SuiteOptions): Contender {
  const service = (source: string): string[] => [join(PACKAGE_ROOT, 'dist/bench/online/relay.js'), source]
  return {
    implementation: 'relay',
    note: 'passes the same bytes on',
    run: () => through(data, service, counted, options),
  }
}

function through(
  data: Dataset,
  service: (source: string) => readonly string[],
  counted: number,
  { signal }: SuiteOptions,
  rate?: number,
): Promise<ChainRun> {
  return runChain({
    ...{ run: data.run, skipped: SKIPPED, counted, service, signal },
    ...(rate !== undefined && { rate }),
  })
}

function withRate(result: Result, pixels: number): Result {
  return { ...result, details: { 'trains/s': 1e9 / (result.nsPerPixel * pixels), ...result.details } }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN
}
