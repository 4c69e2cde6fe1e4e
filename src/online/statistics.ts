import { LOSS_CAUSES, type LossCause, type ModuleStatus, type TrainRecord } from './live.js'

/** Latencies that percentiles are taken of. */
const LATENCIES = 1000
const RECENT = 300
/** ms over which rates are taken. */
const WINDOW = 5000
/** ms that are counted together. */
const BIN = 100

interface Flow {
  readonly at: number
  trains: number
  bytesIn: number
  bytesOut: number
}

/** What went through a service: counts since its start, rates of the last seconds, latencies of the last trains. */
export class Statistics {
  received = 0
  /** Trains that were given to the outputs. */
  out = 0
  complete = 0
  partial = 0
  /** Left out as is wished. */
  skipped = 0
  /** Since when messages come and no train goes out or is left out as is wished, ms since 1970; undefined: it is not so. */
  fruitlessSince: number | undefined
  readonly lost: Record<LossCause, number>
  readonly #modules = new Map<number, { trains: number; missing: number; there: boolean; problem?: string }>()
  readonly #latencies: number[] = []
  readonly #recent: TrainRecord[] = []
  readonly #flows: Flow[] = []

  constructor() {
    this.lost = Object.fromEntries(LOSS_CAUSES.map(cause => [cause, 0])) as Record<LossCause, number>
  }

  get recent(): readonly TrainRecord[] {
    return this.#recent
  }

  get modules(): ModuleStatus[] {
    return [...this.#modules].map(([module, { trains, missing, there, problem }]) => ({
      ...{ module, trains, missing },
      state: problem !== undefined ? 'failed' : trains + missing === 0 ? 'waiting' : there ? 'ok' : 'missing',
      ...(problem !== undefined && { problem }),
    }))
  }

  /** Modules that are expected from now on. */
  expect(modules: readonly number[]): void {
    for (const module of modules)
      if (!this.#modules.has(module)) this.#modules.set(module, { trains: 0, missing: 0, there: false })
  }

  /** Why modules cannot be corrected; those not named can. */
  fail(problems: ReadonlyMap<number, string>): void {
    for (const [module, state] of this.#modules) {
      const problem = problems.get(module)
      if (problem === undefined) delete state.problem
      else state.problem = problem
    }
  }

  /** A joined train, and the modules that it has. */
  joined(present: ReadonlySet<number>, complete: boolean): void {
    this.received++
    if (complete) this.complete++
    else this.partial++
    for (const [module, state] of this.#modules) {
      state.there = present.has(module)
      if (state.there) state.trains++
      else state.missing++
    }
  }

  skip(): void {
    this.skipped++
    this.fruitlessSince = undefined
  }

  cameIn(bytes: number): void {
    this.fruitlessSince ??= Date.now()
    this.#flow({ trains: 0, bytesIn: bytes, bytesOut: 0 })
  }

  published(record: TrainRecord, bytes: number): void {
    this.#flow({ trains: 1, bytesIn: 0, bytesOut: bytes })
    this.out++
    this.fruitlessSince = undefined
    keep(this.#latencies, record.latency, LATENCIES)
    keep(this.#recent, record, RECENT)
  }

  /** A second's worth, over the last seconds. */
  get rates(): { readonly trains: number; readonly bytesIn: number; readonly bytesOut: number } {
    this.#forget()
    const sum = (of: (flow: Flow) => number): number =>
      this.#flows.reduce((sum, flow) => sum + of(flow), 0) / (WINDOW / 1000)
    return { trains: sum(f => f.trains), bytesIn: sum(f => f.bytesIn), bytesOut: sum(f => f.bytesOut) }
  }

  /** ms that half of the trains, and all but one in a hundred, did not exceed. */
  get latency(): { readonly p50: number; readonly p99: number } {
    const sorted = this.#latencies.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
    return { p50: at(0.5), p99: at(0.99) }
  }

  #flow({ trains, bytesIn, bytesOut }: Omit<Flow, 'at'>): void {
    this.#forget()
    const at = performance.now()
    const last = this.#flows.at(-1)
    if (last === undefined || at - last.at > BIN) this.#flows.push({ at, trains, bytesIn, bytesOut })
    else {
      last.trains += trains
      last.bytesIn += bytesIn
      last.bytesOut += bytesOut
    }
  }

  #forget(): void {
    const since = performance.now() - WINDOW
    while ((this.#flows[0]?.at ?? since) < since) this.#flows.shift()
  }
}

function keep<T>(list: T[], item: T, most: number): void {
  list.push(item)
  if (list.length > most) list.shift()
}
