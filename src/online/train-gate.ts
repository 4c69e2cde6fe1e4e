import type { BridgeSource } from '../bridge/message.js'
import { isDetcalError, type Place, UsageError } from '../model/errors.js'
import { type FrameFilter, frameFilterOf, framesTaken } from '../sources/run/frame-filter.js'
import { type Incidents, saidOf } from './incidents.js'
import type { LossCause } from './live.js'
import type { Statistics } from './statistics.js'
import type { StreamedPart } from './streamed-part.js'
import { type JoinerOptions, type StreamedTrain, TrainJoiner } from './train-joiner.js'

/** Which trains go on, and which of their frames. */
export interface TrainWish {
  /** Trains whose id is a multiple of it. */
  readonly stride: number
  readonly filter: FrameFilter
}

/** The wish that options name. @throws UsageError for a stride that is none, or a filter. */
export function trainWishOf({
  stride,
  ...filter
}: { readonly stride: number } & Parameters<typeof frameFilterOf>[0]): TrainWish {
  if (!Number.isSafeInteger(stride) || stride < 1)
    throw new UsageError(`--stride ${stride} is not a number of trains`, { hint: 'Use 1 or more' })
  return { stride, filter: frameFilterOf(filter) }
}

export interface GateOptions<Part extends StreamedPart> extends Omit<JoinerOptions<Part>, 'onLoss'> {
  /** Endpoints that trains come from. */
  readonly sources: readonly string[]
  /** The parts of modules in one source of a message; none if it is of something else. */
  readonly partsOf: (source: BridgeSource) => readonly Part[]
  /** What becomes of trains that lack modules. */
  readonly incomplete: 'partial' | 'drop'
  /** As it is when a train is joined. */
  readonly wish: () => TrainWish
  /** Takes a train, with the indices of the frames that are wanted: at least one. */
  readonly pass: (train: StreamedTrain<Part>, frames: readonly number[]) => void
  readonly statistics: Statistics
  readonly incidents: Incidents
}

/** Joins parts of modules to trains as they come, and lets those through that are wanted. All others are counted. */
export class TrainGate<Part extends StreamedPart> {
  readonly #options: GateOptions<Part>
  readonly #joiner: TrainJoiner<Part>
  /** Sources that are ahead of others. */
  readonly #ahead: (() => void)[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  #stopped = false

  constructor(options: GateOptions<Part>) {
    const { modules, deadline, alike } = options
    this.#options = options
    options.statistics.expect(modules)
    this.#joiner = new TrainJoiner({
      ...{ modules, deadline, onLoss: (cause, message, place) => this.#lose(cause, message, place) },
      ...(alike && { alike }),
    })
  }

  /** Takes the sources of a message; resolves when there is room for those of another one. */
  async take(sources: readonly BridgeSource[]): Promise<void> {
    const { partsOf, modules, incidents } = this.#options
    let isWanted = false
    for (const source of sources)
      try {
        for (const part of partsOf(source)) {
          if (!modules.includes(part.module)) continue
          isWanted = true
          this.#joiner.add(part)
        }
      } catch (error) {
        isWanted = true
        this.#lose('damaged', saidOf(error), isDetcalError(error) ? error.place : {})
      }
    if (!isWanted) incidents.add('source', `no module that is wanted among ${namesOf(sources)}`)
    this.#pump()
    if (this.#joiner.waiting > 0) this.#pumpLater()
    // Of several sources one may be ahead: it waits for the others, at most until its trains are due.
    while (this.#options.sources.length > 1 && this.#joiner.isFull && !this.#stopped)
      await new Promise<void>(resolve => this.#ahead.push(resolve))
  }

  /** Soon nothing comes any more: nobody waits for another source. */
  stop(): void {
    this.#stopped = true
    for (const wake of this.#ahead.splice(0)) wake()
  }

  /** Nothing comes any more: trains that wait for modules go on without them. */
  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#pass(this.#joiner.finish())
  }

  /** Passes on trains that are complete or due. */
  #pump(): void {
    this.#pass(this.#joiner.take())
    for (const wake of this.#ahead.splice(0)) wake()
  }

  #pumpLater(): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#pump()
    }, this.#options.deadline + 1)
    this.#timers.add(timer)
  }

  #pass(trains: readonly StreamedTrain<Part>[]): void {
    for (const train of trains) {
      this.#options.statistics.joined(new Set(train.parts.keys()), train.complete)
      const frames = this.#framesOf(train)
      if (frames.length > 0) this.#options.pass(train, frames)
    }
  }

  /** Indices of a train's frames that are wanted; none of a train that is left out. */
  #framesOf(train: StreamedTrain<Part>): readonly number[] {
    const { wish, incomplete, statistics, incidents } = this.#options
    const { stride, filter } = wish()
    if (train.train % stride === 0) {
      if (train.complete || incomplete === 'partial') {
        const frames = framesTaken(filter, train)
        if (frames.length > 0) return frames
        if (train.cellIds.length > 0)
          incidents.add('source', `the filter takes none of ${train.cellIds.length} frames`, {
            train: train.train,
          })
      } else {
        this.#lose('incomplete', `has ${train.parts.size} modules: left out`, { train: train.train })
        return []
      }
    }
    statistics.skip()
    return []
  }

  #lose(cause: LossCause, message: string, place: Place): void {
    const { statistics, incidents } = this.#options
    statistics.lost[cause]++
    incidents.add(cause, message, place)
  }
}

/** Some names of sources, for messages. */
export function namesOf(sources: readonly BridgeSource[]): string {
  const names = sources.map(({ name }) => name)
  if (names.length === 0) return 'no sources'
  return names.length > 3 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ')
}
