/** Work done in one phase: thread time in ns and bytes moved. */
export interface Phase {
  readonly ns: number
  readonly bytes: number
}

/** `derive` makes what is wanted beside the frames; `keep` writes packs of constants into the cache. */
export const PHASES = [
  'constants',
  'read',
  'reduce',
  'correct',
  'deflate',
  'derive',
  'write',
  'finish',
  'keep',
] as const
export type PhaseName = (typeof PHASES)[number]

/** Times (thread ns, summed over workers) and bytes by phase. */
export type PhaseTimes = Readonly<Record<PhaseName, Phase>>

/** Adds up phases of many blocks. */
export class PhaseTotals {
  readonly #totals = new Map<PhaseName, { ns: number; bytes: number }>(
    PHASES.map(name => [name, { ns: 0, bytes: 0 }]),
  )

  readonly #parts = new Map<number, PhaseTotals>()
  readonly #whole: PhaseTotals | undefined

  /** @param whole what all that is added here is added to as well. */
  constructor(whole?: PhaseTotals) {
    this.#whole = whole
  }

  add(name: PhaseName, ns: number, bytes: number): void {
    const total = this.#totals.get(name)
    if (!total) return
    total.ns += ns
    total.bytes += bytes
    this.#whole?.add(name, ns, bytes)
  }

  /** The totals of one module, which count here as well. */
  of(module: number): PhaseTotals {
    const part = this.#parts.get(module) ?? new PhaseTotals(this)
    this.#parts.set(module, part)
    return part
  }

  /** By module, ascending. */
  byModule(): { readonly module: number; readonly phases: PhaseTimes }[] {
    return [...this.#parts]
      .sort(([a], [b]) => a - b)
      .map(([module, part]) => ({ module, phases: part.snapshot() }))
  }

  merge(times: Partial<PhaseTimes>): void {
    for (const name of PHASES) {
      const phase = times[name]
      if (phase) this.add(name, phase.ns, phase.bytes)
    }
  }

  snapshot(): PhaseTimes {
    return Object.fromEntries(
      [...this.#totals].map(([name, total]) => [name, { ...total }]),
    ) as unknown as PhaseTimes
  }
}

/** Runs `work`, adding its thread time to `name`. */
export function timed<T>(totals: PhaseTotals, name: PhaseName, bytes: number, work: () => T): T {
  const start = process.hrtime.bigint()
  const result = work()
  totals.add(name, Number(process.hrtime.bigint() - start), bytes)
  return result
}
