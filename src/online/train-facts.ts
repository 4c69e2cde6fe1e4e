import type { StreamFields } from '../engine/stream/plan-modules.js'
import type { DetectorKit } from '../kits/kit.js'
import { framesAlone } from '../sources/conditions/frames.js'
import type { RunConditions } from '../sources/conditions/reader.js'
import type { StreamedTrain } from './train-joiner.js'

/** What of a train decides which constants correct it. */
export interface TrainFacts extends Pick<StreamedTrain, 'cellIds' | 'pulseIds'> {
  /** Of its time server, else when it was joined. */
  readonly time: Date
  /** What its frames say of the operating conditions. */
  readonly conditions: Pick<RunConditions, 'values' | 'sources'>
}

/** ms between trains behind which they count as another run's, whose constants are looked up for its own time. */
const ANOTHER_RUN = 10 * 60_000

/** @param rawFrames of a pulse. */
export async function trainFactsOf(
  { parts, time, cellIds, pulseIds }: StreamedTrain,
  { kit, karaboId }: { readonly kit: DetectorKit; readonly karaboId: string },
  rawFrames: number,
): Promise<TrainFacts> {
  const { conditionsOf } = await framesAlone({ files: [] }, kit.detector, karaboId)
  const modules = new Map(
    [...parts].map(([module, part]) => [
      module,
      [
        {
          ...{ cellIds: part.cellIds, pulseIds: Float64Array.from(part.pulseIds, Number) },
          trains: [{ image: { first: 0, count: part.cellIds.length } }],
        },
      ],
    ]),
  )
  return {
    ...{ cellIds, pulseIds },
    time: time.seconds === undefined ? new Date() : new Date(Number(time.seconds) * 1000),
    conditions: conditionsOf({
      ...{ detector: kit.detector, karaboId, modules, rawFrames, parallelFrom: undefined },
    }),
  }
}

/**
 * Why a train needs constants looked up anew; undefined: it does not. They depend on nothing but the train's own conditions, lest
 * its results depend on which trains came before; within a run they are those of its first train's time, as of a run on disk.
 * @param last the train before it. @param inUse that for which constants in use were looked up. @param asked states conditions, and
 * the time for which constants are wanted, or does not.
 */
export function whyOthers(
  { time, conditions }: TrainFacts,
  last: Pick<TrainFacts, 'time'>,
  inUse: Pick<TrainFacts, 'conditions'>,
  { conditions: stated, at }: Pick<StreamFields, 'conditions' | 'at'>,
): string | undefined {
  const [now, before] = [conditions.values, inUse.conditions.values]
  const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    name => !Object.hasOwn(stated, name) && now[name] !== before[name],
  )
  if (changed.length > 0)
    return changed
      .map(name => `${name} ${before[name] ?? 'unknown'} before, ${now[name] ?? 'unknown'} now`)
      .join('; ')
  const apart = Math.abs(time.getTime() - last.time.getTime())
  return at === undefined && apart > ANOTHER_RUN
    ? `trains of ${time.toISOString()} follow on those of ${last.time.toISOString()}`
    : undefined
}
