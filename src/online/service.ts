import { decodeTrain } from '../bridge/decode.js'
import type { BridgeSource } from '../bridge/message.js'
import type { CacheUse } from '../engine/run/cache-use.js'
import {
  checkStreamSteps,
  NO_STEPS,
  type PlannedModules,
  type StreamFields,
} from '../engine/stream/plan-modules.js'
import { Engine } from '../engine/threads/engine.js'
import { oldestFirst } from '../engine/threads/policy.js'
import { buildVersion } from '../files/version.js'
import { KITS } from '../kits/index.js'
import { errorText, isDetcalError, type Place } from '../model/errors.js'
import { checkAtStart } from './check-at-start.js'
import { type DetectorStream, detectorStreamOf, withSteps } from './detector-stream.js'
import { type Doors, openDoors } from './doors.js'
import { Incidents, saidOf } from './incidents.js'
import { Intake } from './intake.js'
import type {
  Incident,
  LiveService,
  LiveSettings,
  LossCause,
  OnlineStatus,
  View,
  ViewPlanes,
} from './live.js'
import type { Publisher } from './publisher.js'
import { type RawPart, rawPartsOf } from './raw-part.js'
import type { CheckedServeRequest } from './request.js'
import { Resident } from './resident.js'
import { Statistics } from './statistics.js'
import { statusOf } from './status.js'
import { TrainFlow } from './train-flow.js'
import { checkWish, TrainGate } from './train-gate.js'
import { Viewers } from './viewers.js'

export interface ServiceOptions {
  readonly workers: number
  /** Bytes that the constants and the trains in flight may take. */
  readonly memory: number
  readonly cache?: CacheUse
  /** Worker file; only tests give another one. */
  readonly workerEntry?: string
  /** Told of everything that goes wrong, and what is doubtful. */
  readonly onIncident: (incident: Incident) => void
}

/** What there is once the first raw source was seen. */
interface Running {
  readonly stream: DetectorStream
  readonly gate: TrainGate<RawPart>
  readonly resident: Resident
  readonly flow: TrainFlow
}

/** ms for which whoever listens may take what is left when the service ends. */
const PATIENCE = 2000

/** Corrects each train as it comes, and serves it to whoever listens. */
export class OnlineService implements LiveService {
  readonly #request: CheckedServeRequest
  readonly #options: ServiceOptions
  readonly #engine: Engine
  readonly #publisher: Publisher
  readonly #intake: Intake
  readonly #statistics = new Statistics()
  readonly #incidents: Incidents
  readonly #viewers = new Viewers()
  readonly #startedAt = Date.now()
  readonly #software = buildVersion()
  #settings: Omit<LiveSettings, 'steps'>
  /** Absent: those of the request. */
  #steps: readonly string[] | undefined
  #running: Running | undefined
  #loading = false
  #closing: Promise<void> | undefined
  /** Changes follow one another. */
  #changed: Promise<unknown> = Promise.resolve()

  private constructor(
    request: CheckedServeRequest,
    options: ServiceOptions,
    engine: Engine,
    doors: Doors,
    incidents: Incidents,
  ) {
    this.#request = request
    this.#options = options
    this.#engine = engine
    this.#publisher = doors.publisher
    this.#incidents = incidents
    const { stride, pulses } = request
    this.#settings = { stride, ...(pulses !== undefined && { pulses }) }
    this.#intake = new Intake({
      ...{ endpoints: request.sources, socket: request.sourceSocket, keys: doors.keys },
      take: frames => this.#take(frames),
      fail: (endpoint, error) => this.#incidents.add('source', `${endpoint}: ${errorText(error)}`),
    })
  }

  /** @throws UsageError for an endpoint that cannot be, or a filter. @throws as {@link checkAtStart}. */
  static async start(request: CheckedServeRequest, options: ServiceOptions): Promise<OnlineService> {
    checkWish(request)
    const incidents = new Incidents(options.onIncident)
    const doors = await openDoors(request, incidents)
    const { workers, workerEntry } = options
    let engine: Engine | undefined
    try {
      await checkAtStart(request)
      engine = await Engine.start({ workers, policy: oldestFirst, ...(workerEntry && { workerEntry }) })
      return new OnlineService(request, options, engine, doors, incidents)
    } catch (error) {
      await doors.publisher.close(0)
      await engine?.close()
      throw error
    }
  }

  status(): OnlineStatus {
    const { stream, resident } = this.#running ?? {}
    return statusOf({
      ...{ statistics: this.#statistics, incidents: this.#incidents.list, settings: this.#settings },
      ...{ version: this.#software, startedAt: this.#startedAt },
      ...{ sources: this.#intake.sources, lastAt: this.#intake.lastAt, outputs: this.#publisher.outputs },
      unconsumed: this.#publisher.dropped,
      ...(stream && { stream }),
      ...(resident?.planned && { planned: resident.planned }),
      ...(this.#steps && { steps: this.#steps }),
      activity: this.#closing ? 'stopping' : this.#loading ? 'loading' : undefined,
    })
  }

  change({ steps, ...others }: Partial<LiveSettings>): Promise<void> {
    return this.#oneByOne(async () => {
      checkWish({ ...this.#request, ...this.#settings, ...others })
      if (steps !== undefined) {
        const asked = withSteps(this.#request, steps, NO_STEPS)
        this.#checkSteps(asked)
        await this.#running?.resident.change(asked)
        this.#steps = steps
      }
      this.#settings = { ...this.#settings, ...others }
    })
  }

  reloadConstants(): Promise<void> {
    return this.#oneByOne(async () => {
      await this.#running?.resident.change(withSteps(this.#request, this.#steps, NO_STEPS))
    })
  }

  watch(view: View, interval: number, take: (planes: ViewPlanes) => void | Promise<void>): () => void {
    return this.#viewers.watch(view, interval, take)
  }

  /**
   * Ends it: what was received is corrected and sent, where somebody takes it; who takes nothing for two seconds is not waited
   * for, and what he misses is counted. May be called again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    const out = this.#finish()
    await Promise.race([out, new Promise(resolve => setTimeout(resolve, PATIENCE).unref())])
    await this.#publisher.close(PATIENCE)
    await out
    await this.#running?.resident.close()
    await this.#engine.close()
  }

  /** Resolves when all trains that were received are out. */
  async #finish(): Promise<void> {
    this.#running?.gate.stop()
    await this.#intake.close()
    const { gate, flow } = this.#running ?? {}
    gate?.end()
    await flow?.end()
  }

  /** Takes a message; resolves when there is room for another train. */
  async #take(frames: readonly Uint8Array[]): Promise<void> {
    this.#statistics.cameIn(frames.reduce((sum, { byteLength }) => sum + byteLength, 0))
    let sources: readonly BridgeSource[]
    try {
      sources = decodeTrain(frames)
      this.#running ??= this.#begin(sources)
    } catch (error) {
      return this.#refuse(error)
    }
    if (this.#running === undefined) return
    const { gate, flow } = this.#running
    await gate.take(sources)
    await flow.room()
  }

  #begin(sources: readonly BridgeSource[]): Running | undefined {
    const stream = detectorStreamOf(sources, this.#request)
    if (stream === undefined) {
      const names = sources.map(({ name }) => name).slice(0, 3)
      this.#incidents.add(
        'source',
        `no raw data of a known detector among ${names.join(', ') || 'no sources'}`,
      )
      return undefined
    }
    const { kit, karaboId, modules, forms } = stream
    const { sources: endpoints, inFlight, deadline, incomplete, badPixelsAs, nanBits } = this.#request
    const { memory, cache } = this.#options
    const resident = new Resident(withSteps(this.#request, this.#steps, NO_STEPS), {
      ...{ kit, karaboId, modules, engine: this.#engine, inFlight, memory },
      ...(cache && { cache }),
      onLoading: loading => {
        this.#loading = loading
      },
      onLoaded: (planned, failed) => this.#loaded(planned, failed),
    })
    const flow = new TrainFlow({
      ...{ kit, karaboId, resident, forms, inFlight },
      nanBits: badPixelsAs === 'nan' ? nanBits : 0,
      ...{ publisher: this.#publisher, viewers: this.#viewers, software: this.#software },
      ...{ statistics: this.#statistics, incidents: this.#incidents },
    })
    const gate = new TrainGate<RawPart>({
      ...{ sources: endpoints, modules, deadline, incomplete },
      partsOf: source => rawPartsOf(source, stream.parts),
      wish: () => ({ ...this.#request, ...this.#settings }),
      pass: (train, frames) => flow.put(train, frames),
      ...{ statistics: this.#statistics, incidents: this.#incidents },
    })
    return { stream, gate, resident, flow }
  }

  #loaded({ problems }: PlannedModules, failed: ReadonlyMap<number, string>): void {
    this.#statistics.fail(failed)
    for (const { message, place } of problems) this.#incidents.add('constants', message, place)
    for (const [module, message] of failed) this.#incidents.add('constants', message, { module })
  }

  /** @throws UsageError for steps that the detector, or before the first train every detector, does not have. */
  #checkSteps(asked: StreamFields): void {
    const kits = this.#running ? [this.#running.stream.kit] : KITS
    const errors = kits.flatMap(kit => {
      try {
        checkStreamSteps(asked, kit)
        return []
      } catch (error) {
        return [error]
      }
    })
    if (errors.length === kits.length) throw errors[0]
  }

  #oneByOne(change: () => Promise<void>): Promise<void> {
    const done = this.#changed.then(change)
    this.#changed = done.catch(() => {})
    return done
  }

  #refuse(error: unknown): void {
    this.#lose('damaged', saidOf(error), isDetcalError(error) ? error.place : {})
  }

  #lose(cause: LossCause, message: string, place: Place): void {
    this.#statistics.lost[cause]++
    this.#incidents.add(cause, message, place)
  }
}
