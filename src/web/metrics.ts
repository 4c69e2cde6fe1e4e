import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type LiveService, LOSS_CAUSES, type OnlineStatus, type TrainRecord } from '../online/live.js'

/** Seconds; a train's own period is 0.1 s. */
const LATENCY_BUCKETS = [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5]
const STATES = ['waiting', 'loading', 'running', 'failing', 'stalled', 'stopping'] as const
const MODULE_STATES = ['waiting', 'ok', 'missing', 'failed'] as const

export interface Metrics {
  /** Trains that went through since the last call enter the histogram. Must be called while they are among the recent ones. */
  observe(): void
  /** The exposition format of Prometheus. */
  text(): Promise<string>
  readonly contentType: string
}

type Rows = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]

/** A service's status as metrics; counters are those of the service, read when they are asked for. */
export function openMetrics(service: LiveService, pages: () => Readonly<Record<string, number>>): Metrics {
  const registry = new Registry()
  const registers = [registry]
  let status: OnlineStatus = service.status()

  const counter = (name: string, help: string, labelNames: string[], rows: () => Rows): void => {
    new Counter({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset()
        for (const [labels, value] of rows()) this.inc(labels, value)
      },
    })
  }
  const gauge = (name: string, help: string, labelNames: string[], rows: () => Rows): void => {
    new Gauge({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset()
        for (const [labels, value] of rows()) this.set(labels, value)
      },
    })
  }
  const one = (value: number): Rows => [[{}, value]]
  const each = (values: Readonly<Record<string, number>>, label: string): Rows =>
    Object.entries(values).map(([key, value]) => [{ [label]: key }, value])
  const among = (states: readonly string[], state: string, labels: Record<string, string> = {}): Rows =>
    states.map(known => [{ ...labels, state: known }, known === state ? 1 : 0])

  counter('detcal_trains_received_total', 'Trains of which something came', [], () =>
    one(status.trains.received),
  )
  counter('detcal_trains_joined_total', 'Trains joined, with all modules or with some', ['modules'], () =>
    each({ complete: status.trains.complete, partial: status.trains.partial }, 'modules'),
  )
  counter('detcal_trains_published_total', 'Trains given to the outputs', [], () =>
    one(status.trains.published),
  )
  counter('detcal_trains_skipped_total', 'Trains left out by stride or filter', [], () =>
    one(status.trains.skipped),
  )
  counter('detcal_trains_lost_total', 'Trains, or their parts of a module, that were lost', ['cause'], () =>
    LOSS_CAUSES.map(cause => [{ cause }, status.trains.lost[cause]]),
  )
  gauge('detcal_matching_ratio', 'Share of joined trains that were complete', [], () =>
    one(status.trains.matching),
  )
  gauge('detcal_trains_per_second', 'Trains published over the last seconds', [], () =>
    one(status.rates.trains),
  )
  gauge('detcal_bytes_per_second', 'Bytes over the last seconds', ['direction'], () =>
    each({ in: status.rates.bytesIn, out: status.rates.bytesOut }, 'direction'),
  )
  gauge(
    'detcal_latency_seconds',
    'Last byte in to first byte out, of the last thousand trains',
    ['quantile'],
    () => each({ '0.5': status.latency.p50 / 1000, '0.99': status.latency.p99 / 1000 }, 'quantile'),
  )
  gauge('detcal_state', 'What the service is doing: 1 for its state', ['state'], () =>
    among(STATES, status.state),
  )
  gauge('detcal_module_state', 'What a module is doing: 1 for its state', ['module', 'state'], () =>
    status.modules.flatMap(({ module, state }) => among(MODULE_STATES, state, { module: `${module}` })),
  )
  counter('detcal_module_trains_total', 'Trains with the module', ['module'], () =>
    status.modules.map(({ module, trains }) => [{ module: `${module}` }, trains]),
  )
  counter('detcal_module_missing_total', 'Trains without the module', ['module'], () =>
    status.modules.map(({ module, missing }) => [{ module: `${module}` }, missing]),
  )
  counter('detcal_source_messages_total', 'Messages of a source', ['endpoint'], () =>
    status.sources.map(({ endpoint, messages }) => [{ endpoint }, messages]),
  )
  counter('detcal_source_bytes_total', 'Bytes of a source', ['endpoint'], () =>
    status.sources.map(({ endpoint, bytes }) => [{ endpoint }, bytes]),
  )
  counter('detcal_output_sent_total', 'Messages that an output sent', ['endpoint'], () =>
    status.outputs.map(({ endpoint, sent }) => [{ endpoint }, sent]),
  )
  counter('detcal_output_dropped_total', 'Messages that an output dropped', ['endpoint'], () =>
    status.outputs.map(({ endpoint, dropped }) => [{ endpoint }, dropped]),
  )
  gauge('detcal_page', 'Pages that look on, and pictures they were sent or were too slow for', ['what'], () =>
    each(pages(), 'what'),
  )
  gauge('process_resident_memory_bytes', 'Resident memory', [], () => one(status.memory))
  gauge('process_start_time_seconds', 'Start, seconds since 1970', [], () => one(status.startedAt / 1000))
  gauge('detcal_build_info', 'Which build this is', ['version'], () => [[{ version: status.version }, 1]])
  const latency = new Histogram({
    ...{ name: 'detcal_train_latency_seconds', help: 'Last byte in to first byte out', registers },
    buckets: LATENCY_BUCKETS,
  })

  let seen: TrainRecord | undefined
  const observe = (): void => {
    status = service.status()
    const { recent } = status
    const known = recent.findLastIndex(({ train, at }) => train === seen?.train && at === seen.at)
    for (const { latency: ms } of recent.slice(known + 1)) if (Number.isFinite(ms)) latency.observe(ms / 1000)
    seen = recent.at(-1) ?? seen
  }
  return {
    observe,
    text: () => {
      observe()
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}
