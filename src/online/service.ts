import type { BridgeSource } from '../bridge/message.js'
import type { DeviceUse } from '../engine/contract/device.js'
import type { CacheUse } from '../engine/run/cache-use.js'
import { NO_STEPS, type PlannedModules } from '../engine/stream/plan-modules.js'
import { Engine } from '../engine/threads/engine.js'
import { oldestFirst } from '../engine/threads/policy.js'
import { buildVersion } from '../files/version.js'
import { UsageError } from '../model/errors.js'
import { given } from '../model/given.js'
import { checkAtStart, checkSteps } from './check-at-start.js'
import { type DetectorStream, detectorStreamOf, kitsAsked, withSteps } from './detector-stream.js'
import { behindDoors } from './doors.js'
import type { Incident, LiveService, LiveSettings, OnlineStatus, View, ViewPlanes } from './live.js'
import { type RawPart, rawPartsOf } from './raw-part.js'
import type { CheckedServeRequest } from './request.js'
import { Resident } from './resident.js'
import { TrainFlow } from './train-flow.js'
import { TrainGate } from './train-gate.js'
import { TrainService, type TrainServiceOptions } from './train-service.js'
import { Turns } from './turns.js'

export interface ServiceOptions {
  readonly workers: number
  /** Whether frames are corrected on a GPU too; absent: they are not. */
  readonly device?: DeviceUse
  /** Bytes that the constants and the trains in flight may take. */
  readonly memory: number
  readonly cache?: CacheUse
  /** Worker file; only tests give another one. */
  readonly workerEntry?: string
  /** That of the device; only tests give another one. */
  readonly deviceEntry?: string
  /** Told of everything that goes wrong, and what is doubtful. */
  readonly onIncident: (incident: Incident) => void
}

/** What there is once the first raw source was seen. */
interface CorrectedPath {
  readonly stream: DetectorStream
  readonly gate: TrainGate<RawPart>
  readonly resident: Resident
  readonly flow: TrainFlow
}

/** Corrects each train as it comes, and serves it to whoever listens. */
export class OnlineService implements LiveService {
  readonly #request: CheckedServeRequest
  readonly #options: ServiceOptions
  readonly #engine: Engine
  readonly #trains: TrainService<CorrectedPath>
  /** Absent: those of the request. */
  #steps: readonly string[] | undefined
  #loading = false
  #closing: Promise<void> | undefined
  /** Changes follow one another. */
  readonly #changes = new Turns()

  private constructor(
    request: CheckedServeRequest,
    options: ServiceOptions,
    engine: Engine,
    opened: Pick<TrainServiceOptions<CorrectedPath>, 'doors' | 'incidents'>,
  ) {
    this.#request = request
    this.#options = options
    this.#engine = engine
    this.#trains = new TrainService({
      ...{ request, ...opened },
      begin: sources => this.#begin(sources),
      nothingAmong: sources => `no raw data of ${request.detector ?? 'a known detector'} among ${sources}`,
    })
  }

  /** @throws UsageError for an endpoint that cannot be, or a filter. @throws as {@link checkAtStart}. */
  static start(request: CheckedServeRequest, options: ServiceOptions): Promise<OnlineService> {
    return behindDoors(request, options.onIncident, async opened => {
      await checkAtStart(request)
      const { workers, device = 'cpu', workerEntry, deviceEntry } = options
      const engine = await Engine.start({
        ...{ workers, device, policy: oldestFirst },
        ...given({ workerEntry, deviceEntry }),
      })
      try {
        return new OnlineService(request, options, engine, opened)
      } catch (error) {
        await engine.close()
        throw error
      }
    })
  }

  status(): OnlineStatus {
    const planned = this.#trains.path?.resident.planned
    return this.#trains.status({
      loading: this.#loading,
      ...(planned && { planned }),
      ...(this.#steps && { steps: this.#steps }),
    })
  }

  change({ steps, ...others }: Partial<LiveSettings>): Promise<void> {
    return this.#changes.take(async () => {
      const { wish, putInForce } = this.#trains.changing(others)
      const { path } = this.#trains
      await path?.resident.prepare(wish.filter)
      if (steps !== undefined) {
        const odd = steps.find(step => step === NO_STEPS || step.includes(','))
        if (odd !== undefined) throw new UsageError(`no correction step is called ${odd}`)
        const asked = withSteps(this.#request, steps, NO_STEPS)
        checkSteps(asked, path ? [path.stream.kit] : kitsAsked(this.#request.detector))
        await path?.resident.change(asked)
        this.#steps = steps
      }
      putInForce()
    })
  }

  reloadConstants(): Promise<void> {
    return this.#changes.take(async () => {
      await this.#trains.path?.resident.change(withSteps(this.#request, this.#steps, NO_STEPS))
    })
  }

  watch(view: View, interval: number, take: (planes: ViewPlanes) => void | Promise<void>): () => void {
    return this.#trains.viewers.watch(view, interval, take)
  }

  /** Ends it when what was received is corrected and sent: as {@link TrainService.close}. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.#trains.close()
    await this.#trains.path?.resident.close()
    await this.#engine.close()
  }

  #begin(sources: readonly BridgeSource[]): CorrectedPath | undefined {
    const stream = detectorStreamOf(sources, this.#request)
    if (stream === undefined) return undefined
    const { kit, karaboId, modules, forms } = stream
    const { sources: endpoints, inFlight, deadline, incomplete, badPixelsAs, nanBits } = this.#request
    const { memory, cache } = this.#options
    const { publisher, viewers, statistics, incidents } = this.#trains
    const resident = new Resident(withSteps(this.#request, this.#steps, NO_STEPS), {
      ...{ kit, karaboId, modules, engine: this.#engine, inFlight, memory },
      ...(cache && { cache }),
      onHandedOver: reason => incidents.add('device', `${reason}; its work is done by the processor`),
      onLoading: loading => {
        this.#loading = loading
      },
      onLoaded: (planned, failed) => this.#loaded(planned, failed),
      onOthers: (why, train) => incidents.add('constants', `looked up anew: ${why}`, { train }),
    })
    const flow = new TrainFlow({
      ...{ kit, karaboId, resident, forms, inFlight, publisher, viewers, statistics, incidents },
      nanBits: badPixelsAs === 'nan' ? nanBits : 0,
      software: buildVersion(),
    })
    const gate = new TrainGate<RawPart>({
      ...{ sources: endpoints, modules, deadline, incomplete, statistics, incidents },
      partsOf: source => rawPartsOf(source, stream.parts),
      wish: () => this.#trains.wish,
      pass: (train, frames) => flow.put(train, frames),
    })
    return { stream, gate, resident, flow }
  }

  #loaded({ problems }: PlannedModules, failed: ReadonlyMap<number, string>): void {
    const { statistics, incidents } = this.#trains
    statistics.fail(failed)
    for (const { message, place } of problems) incidents.add('constants', message, place)
    for (const [module, message] of failed) incidents.add('constants', message, { module })
  }
}
