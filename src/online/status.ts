import { builtSteps } from '../corrections/steps.js'
import type { PlannedModules } from '../engine/stream/plan-modules.js'
import type { DetectorStream } from './detector-stream.js'
import type {
  ConstantStatus,
  Incident,
  LiveSettings,
  OnlineStatus,
  OutputStatus,
  SourceStatus,
} from './live.js'
import type { Statistics } from './statistics.js'

/** ms without a message after which a source that was there counts as gone. */
const STALLED = 3000
/** ms without a train out, while messages come, after which something is wrong. */
const FAILING = 10_000

/** What a status is made of. */
export interface StatusParts {
  readonly statistics: Statistics
  readonly incidents: readonly Incident[]
  readonly settings: Omit<LiveSettings, 'steps'>
  readonly steps?: readonly string[]
  readonly version: string
  readonly startedAt: number
  readonly sources: readonly SourceStatus[]
  readonly lastAt: number | undefined
  readonly outputs: readonly OutputStatus[]
  readonly unconsumed: number
  readonly stream?: Pick<DetectorStream, 'kit' | 'karaboId'>
  readonly planned?: PlannedModules
  readonly activity: 'loading' | 'stopping' | undefined
}

export function statusOf(parts: StatusParts): OnlineStatus {
  const { statistics, stream, planned, activity, settings, unconsumed } = parts
  const { received, complete, partial, skipped, lost } = statistics
  const steps = parts.steps ?? [...(planned?.modules.values() ?? [])][0]?.chain.steps ?? []
  return {
    state: activity ?? stateOf(parts),
    ...{ version: parts.version, startedAt: parts.startedAt },
    ...(stream && { detector: detectorOf(stream) }),
    settings: { ...settings, steps },
    knownSteps: stream ? builtSteps(stream.kit.corrections.steps) : [],
    ...{ sources: parts.sources, outputs: parts.outputs, modules: statistics.modules },
    constants: planned ? constantsOf(planned) : [],
    trains: {
      ...{ received, published: statistics.out, complete, partial, skipped },
      lost: { ...lost, unconsumed },
      matching: complete / received,
    },
    ...{ rates: statistics.rates, latency: statistics.latency },
    memory: process.memoryUsage.rss(),
    ...{ recent: statistics.recent, incidents: parts.incidents },
  }
}

function stateOf({ lastAt, statistics, stream }: StatusParts): OnlineStatus['state'] {
  const now = Date.now()
  if (lastAt === undefined) return 'waiting'
  if (now - lastAt > STALLED) return 'stalled'
  if (now - (statistics.fruitlessSince ?? now) > FAILING) return 'failing'
  return stream ? 'running' : 'waiting'
}

function detectorOf({
  kit,
  karaboId,
}: NonNullable<StatusParts['stream']>): NonNullable<OnlineStatus['detector']> {
  const { id, name, moduleCount, slowScan, fastScan } = kit.detector
  return { id, name, karaboId, moduleCount, slowScan, fastScan }
}

function constantsOf({ constants }: PlannedModules): ConstantStatus[] {
  return [...constants].flatMap(([module, versions]) =>
    [...versions].map(([calibration, { beginAt, file }]) => ({
      ...{ module, calibration, file },
      from: beginAt.toISOString(),
    })),
  )
}
