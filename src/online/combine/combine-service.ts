import type { BridgeSource } from '../../bridge/message.js'
import { UsageError } from '../../model/errors.js'
import { formsOf, modulesOf } from '../detector-stream.js'
import { behindDoors } from '../doors.js'
import type { Incident, LiveService, LiveSettings, OnlineStatus, View, ViewPlanes } from '../live.js'
import { TrainGate } from '../train-gate.js'
import { TrainService, type TrainServiceOptions } from '../train-service.js'
import { CombineFlow } from './combine-flow.js'
import { areAlike, type CorrectedPart, correctedPartsOf, correctedStreamOf } from './corrected-part.js'
import type { CheckedCombineRequest } from './request.js'

/** What there is once the first corrected module was seen. */
interface CombinedPath {
  readonly stream: NonNullable<ReturnType<typeof correctedStreamOf>>
  readonly gate: TrainGate<CorrectedPart>
  readonly flow: CombineFlow
}

/** Joins modules that several hosts correct, and serves whole trains as one host would that corrects all of them. */
export class CombineService implements LiveService {
  readonly #request: CheckedCombineRequest
  readonly #trains: TrainService<CombinedPath>
  /** As the hosts say of the last train. */
  #steps: readonly string[] = []

  private constructor(
    request: CheckedCombineRequest,
    opened: Pick<TrainServiceOptions<CombinedPath>, 'doors' | 'incidents'>,
  ) {
    this.#request = request
    this.#trains = new TrainService({
      ...{ request, ...opened },
      begin: sources => this.#begin(sources),
      nothingAmong: sources =>
        `no corrected modules among ${sources}: let the hosts run detcal serve --output modules`,
    })
  }

  /** @throws UsageError for an endpoint that cannot be, or a filter. */
  static start(
    request: CheckedCombineRequest,
    onIncident: (incident: Incident) => void,
  ): Promise<CombineService> {
    return behindDoors(request, onIncident, opened => new CombineService(request, opened))
  }

  status(): OnlineStatus {
    return { ...this.#trains.status({ steps: this.#steps }), knownSteps: [] }
  }

  /** @throws UsageError for a filter that cannot be, and for steps: they are the hosts'. */
  async change({ steps, ...others }: Partial<LiveSettings>): Promise<void> {
    if (steps !== undefined) throw this.#notHere('steps are switched')
    this.#trains.changing(others).putInForce()
  }

  /** @throws UsageError: constants are the hosts'. */
  async reloadConstants(): Promise<void> {
    throw this.#notHere('constants are loaded')
  }

  watch(view: View, interval: number, take: (planes: ViewPlanes) => void | Promise<void>): () => void {
    return this.#trains.viewers.watch(view, interval, take)
  }

  /** Ends it when what was received is sent: as {@link TrainService.close}. */
  close(): Promise<void> {
    return this.#trains.close()
  }

  #begin(sources: readonly BridgeSource[]): CombinedPath | undefined {
    const stream = correctedStreamOf(sources)
    if (stream === undefined) return undefined
    const { karaboId } = stream
    const { detector } = stream.kit
    const { sources: endpoints, deadline, incomplete, sourceAxisOrder: order } = this.#request
    const modules = modulesOf(this.#request.modules, detector)
    const { publisher, viewers, statistics, incidents } = this.#trains
    const flow = new CombineFlow({
      ...{ detector, karaboId, publisher, viewers, statistics, incidents },
      formsOf: withMask => formsOf({ detector, modules, withMask }, this.#request),
    })
    const expected = { detector, karaboId, ...(order !== undefined && { order }) }
    const gate = new TrainGate<CorrectedPart>({
      ...{ sources: endpoints, modules, deadline, incomplete, statistics, incidents },
      partsOf: source => correctedPartsOf(source, expected),
      alike: {
        test: areAlike,
        otherwise:
          'has other pulses, cells, steps or arrays than most modules: compare image.passport, and the options of the hosts',
      },
      wish: () => this.#trains.wish,
      pass: (train, frames) => {
        this.#steps = [...train.parts.values()][0]?.passport.slice(1) ?? []
        flow.put(train, frames)
      },
    })
    return { stream, gate, flow }
  }

  #notHere(what: string): UsageError {
    return new UsageError(`${what} by the hosts that correct, not where their modules are joined`, {
      hint: `Do it there: ${this.#request.sources.join(', ')}`,
    })
  }
}
