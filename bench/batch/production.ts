import type { Result, Sample } from '../result.js'
import { resultOf } from '../result.js'
import { type Contender, measure } from '../rounds.js'
import type { SuiteOptions } from '../suite.js'
import { type BatchSetup, detcalBatch } from './contenders.js'

/** Chains by name, each with one step more than the one before. */
const CHAINS: readonly (readonly [string, readonly string[]])[] = [
  ['default', []],
  ['adjust-mg-baseline', ['adjust-mg-baseline']],
  ['production', ['adjust-mg-baseline', 'common-mode']],
]
const DEFAULT_STEPS = 'threshold,low-medium-gap,force-mg-if-below,force-hg-if-below,offset,set-min,mask,range'

/**
 * What a further train costs with the default chain, and with each further step of the production chain, in one run: all
 * trains less a quarter of them, so that the start of the process and the constants do not count.
 */
export async function benchProduction(
  name: string,
  setup: BatchSetup,
  { rounds, quick, onProgress }: SuiteOptions,
): Promise<Result[]> {
  const { trains, pixels } = setup.data
  const first = Math.max(1, Math.floor(trains / 4))
  const task = { name: `${name}, a further train`, pixels: (pixels / trains) * (trains - first) }
  const [own, ...peers] = CHAINS.map(([chain, steps]) => further(chain, steps, setup, first))
  if (own === undefined) return []
  const say = (text: string): void => onProgress(`${task.name}: ${text}`)
  const series = await measure(own, peers, { rounds, leastNs: 0, warmUp: !quick, onProgress: say })
  return withShares(series.map(one => resultOf(task, one)))
}

function further(chain: string, steps: readonly string[], setup: BatchSetup, first: number): Contender {
  const asked = [DEFAULT_STEPS, ...steps].join(',')
  const all = detcalBatch(setup, setup.workers, { steps: asked })
  const few = detcalBatch(setup, setup.workers, { steps: asked, trains: `:${first}` })
  return {
    implementation: `detcal, ${chain}`,
    run: async () => less(await all.run(1), await few.run(1)),
    details: () => all.details?.() ?? {},
  }
}

/** What is left of a sample without another. Of a few trains it may be less than the clock's steps. */
function less(sample: Sample, other: Sample): Sample {
  const ns = Math.max(1, sample.ns - other.ns)
  const { cpuNs } = sample
  return cpuNs === undefined ? { ns } : { ns, cpuNs: Math.max(1, cpuNs - (other.cpuNs ?? 0)) }
}

/** Percent of the last chain's processor time that each chain's own step takes. */
function withShares(results: readonly Result[]): Result[] {
  const whole = results.at(-1)?.cpuNsPerPixel ?? 0
  return results.map((result, i) => {
    const before = results[i - 1]?.cpuNsPerPixel ?? 0
    const share = (100 * ((result.cpuNsPerPixel ?? 0) - before)) / whole
    const { details = {} } = result
    return Number.isFinite(share)
      ? { ...result, details: { ...details, 'CPU % of production': share } }
      : result
  })
}
