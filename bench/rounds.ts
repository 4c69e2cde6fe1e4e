import type { Sample, Series } from './result.js'

/** An implementation that can be asked to do its task again and again. */
export interface Contender {
  readonly implementation: string
  readonly note?: string
  /** Does the task `passes` times and says how long one pass took. */
  run(passes: number): Sample | Promise<Sample>
  /** Asked once at the end. */
  details?(): Readonly<Record<string, number>>
  close?(): void | Promise<void>
}

export interface RoundOptions {
  readonly rounds: number
  /** Passes are repeated until a sample takes this long, ns; 0 means once, as for whole processes. */
  readonly leastNs: number
  /** Runs every contender once before anything counts: compiles, touches memory, fills the page cache. */
  readonly warmUp: boolean
  readonly onProgress: (text: string) => void
}

/** Longer than this a sample is never made by repetition. */
const MOST_PASSES = 1000

/**
 * Measures `own` and each peer in pairs (own, peer, own, next peer …), round by round, so that whatever else the
 * machine does meets both alike. All contenders are warmed up first.
 */
export async function measure(
  own: Contender,
  peers: readonly Contender[],
  options: RoundOptions,
): Promise<Series[]> {
  const { rounds, onProgress } = options
  const passes = new Map<Contender, number>()
  for (const contender of [own, ...peers]) passes.set(contender, await warm(contender, options))
  const sample = async (contender: Contender): Promise<Sample> => contender.run(passes.get(contender) ?? 1)

  const ownSamples: Sample[] = []
  const pairs = peers.map(() => ({ samples: [] as Sample[], own: [] as Sample[] }))
  for (let round = 0; round < rounds; round++) {
    onProgress(`round ${round + 1} of ${rounds}`)
    if (peers.length === 0) ownSamples.push(await sample(own))
    for (const [i, peer] of peers.entries()) {
      const before = await sample(own)
      ownSamples.push(before)
      pairs[i]?.own.push(before)
      pairs[i]?.samples.push(await sample(peer))
    }
  }
  return [
    seriesOf(own, { samples: ownSamples }),
    ...peers.map((peer, i) => seriesOf(peer, pairs[i] ?? { samples: [] })),
  ]
}

async function warm(contender: Contender, { leastNs, warmUp, onProgress }: RoundOptions): Promise<number> {
  if (!warmUp) return 1
  onProgress(`warming up ${contender.implementation}`)
  await contender.run(1)
  if (leastNs === 0) return 1
  const { ns } = await contender.run(1)
  return Math.min(MOST_PASSES, Math.max(1, Math.ceil(leastNs / ns)))
}

function seriesOf(contender: Contender, samples: Pick<Series, 'samples' | 'own'>): Series {
  const details = contender.details?.()
  return {
    implementation: contender.implementation,
    ...samples,
    ...(details ? { details } : {}),
    ...(contender.note === undefined ? {} : { note: contender.note }),
  }
}

/** Times `passes` calls of `work` in this thread. @returns one pass. */
export function timeHere(passes: number, work: () => void): Sample {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  for (let pass = 0; pass < passes; pass++) work()
  const ns = Number(process.hrtime.bigint() - start)
  return { ns: ns / passes, cpuNs: cpuSince(cpu) / passes }
}

/** {@link timeHere} of work that waits. */
export async function timeAwaited(passes: number, work: () => Promise<void>): Promise<Sample> {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  for (let pass = 0; pass < passes; pass++) await work()
  const ns = Number(process.hrtime.bigint() - start)
  return { ns: ns / passes, cpuNs: cpuSince(cpu) / passes }
}

/** {@link timeAwaited} of work on something that is prepared for each pass, which does not count. */
export async function timePrepared<T>(
  passes: number,
  prepare: () => Promise<T>,
  work: (prepared: T) => Promise<void>,
): Promise<Sample> {
  let ns = 0
  let cpuNs = 0
  for (let pass = 0; pass < passes; pass++) {
    const prepared = await prepare()
    const sample = await timeAwaited(1, () => work(prepared))
    ns += sample.ns
    cpuNs += sample.cpuNs ?? 0
  }
  return { ns: ns / passes, cpuNs: cpuNs / passes }
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}
