import { decodeTrain } from '../../bridge/decode.js'
import type { BridgeSource } from '../../bridge/message.js'
import { buildVersion } from '../../files/version.js'
import { errorText, isDetcalError, UsageError } from '../../model/errors.js'
import { formsOf, modulesOf } from '../detector-stream.js'
import { type Doors, openDoors } from '../doors.js'
import { Incidents, saidOf } from '../incidents.js'
import { Intake } from '../intake.js'
import type { Incident, LiveService, LiveSettings, OnlineStatus, View, ViewPlanes } from '../live.js'
import type { Publisher } from '../publisher.js'
import { Statistics } from '../statistics.js'
import { statusOf } from '../status.js'
import { checkWish, TrainGate } from '../train-gate.js'
import { Viewers } from '../viewers.js'
import { CombineFlow } from './combine-flow.js'
import { areAlike, type CorrectedPart, correctedPartsOf, correctedStreamOf } from './corrected-part.js'
import type { CheckedCombineRequest } from './request.js'

/** What there is once the first corrected module was seen. */
interface Combining {
  readonly stream: NonNullable<ReturnType<typeof correctedStreamOf>>
  readonly gate: TrainGate<CorrectedPart>
  readonly flow: CombineFlow
}

/** ms for which whoever listens may take what is left when the service ends. */
const PATIENCE = 2000

/** Joins modules that several hosts correct, and serves whole trains as one host would that corrects all of them. */
export class CombineService implements LiveService {
  readonly #request: CheckedCombineRequest
  readonly #publisher: Publisher
  readonly #intake: Intake
  readonly #statistics = new Statistics()
  readonly #incidents: Incidents
  readonly #viewers = new Viewers()
  readonly #startedAt = Date.now()
  readonly #software = buildVersion()
  #settings: Omit<LiveSettings, 'steps'>
  /** As the hosts say of the last train. */
  #steps: readonly string[] = []
  #combining: Combining | undefined
  #closing: Promise<void> | undefined

  private constructor(request: CheckedCombineRequest, doors: Doors, incidents: Incidents) {
    this.#request = request
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

  /** @throws UsageError for an endpoint that cannot be, or a filter. */
  static async start(
    request: CheckedCombineRequest,
    onIncident: (incident: Incident) => void,
  ): Promise<CombineService> {
    checkWish(request)
    const incidents = new Incidents(onIncident)
    const doors = await openDoors(request, incidents)
    try {
      return new CombineService(request, doors, incidents)
    } catch (error) {
      await doors.publisher.close(0)
      throw error
    }
  }

  status(): OnlineStatus {
    const status = statusOf({
      ...{ statistics: this.#statistics, incidents: this.#incidents.list, settings: this.#settings },
      ...{ version: this.#software, startedAt: this.#startedAt, steps: this.#steps },
      ...{ sources: this.#intake.sources, lastAt: this.#intake.lastAt, outputs: this.#publisher.outputs },
      unconsumed: this.#publisher.dropped,
      ...(this.#combining && { stream: this.#combining.stream }),
      activity: this.#closing ? 'stopping' : undefined,
    })
    return { ...status, knownSteps: [] }
  }

  /** @throws UsageError for a filter that cannot be, and for steps: they are the hosts'. */
  async change({ steps, ...others }: Partial<LiveSettings>): Promise<void> {
    if (steps !== undefined) throw this.#notHere('steps are switched')
    const next = { ...this.#settings, ...others }
    checkWish(next)
    this.#settings = next
  }

  /** @throws UsageError: constants are the hosts'. */
  async reloadConstants(): Promise<void> {
    throw this.#notHere('constants are loaded')
  }

  watch(view: View, interval: number, take: (planes: ViewPlanes) => void | Promise<void>): () => void {
    return this.#viewers.watch(view, interval, take)
  }

  /**
   * Ends it: what was received is sent, where somebody takes it; who takes nothing for two seconds is not waited for, and what
   * he misses is counted. May be called again.
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
  }

  /** Resolves when all trains that were received are out. */
  async #finish(): Promise<void> {
    this.#combining?.gate.stop()
    await this.#intake.close()
    const { gate, flow } = this.#combining ?? {}
    gate?.end()
    await flow?.end()
  }

  /** Takes a message; resolves when there is room for another train. */
  async #take(frames: readonly Uint8Array[]): Promise<void> {
    this.#statistics.cameIn(frames.reduce((sum, { byteLength }) => sum + byteLength, 0))
    let sources: readonly BridgeSource[]
    try {
      sources = decodeTrain(frames)
      this.#combining ??= this.#begin(sources)
    } catch (error) {
      this.#statistics.lost.damaged++
      this.#incidents.add('damaged', saidOf(error), isDetcalError(error) ? error.place : {})
      return
    }
    if (this.#combining === undefined) return
    await this.#combining.gate.take(sources)
    await this.#combining.flow.room()
  }

  #begin(sources: readonly BridgeSource[]): Combining | undefined {
    const stream = correctedStreamOf(sources)
    if (stream === undefined) {
      const names = sources.map(({ name }) => name).slice(0, 3)
      this.#incidents.add(
        'source',
        `no corrected modules among ${names.join(', ') || 'no sources'}: let the hosts run detcal serve --output modules`,
      )
      return undefined
    }
    const { karaboId } = stream
    const { detector } = stream.kit
    const { sources: endpoints, deadline, incomplete, sourceAxisOrder: order } = this.#request
    const modules = modulesOf(this.#request.modules, detector)
    const told = { statistics: this.#statistics, incidents: this.#incidents }
    const flow = new CombineFlow({
      ...{ detector, karaboId, publisher: this.#publisher, viewers: this.#viewers, ...told },
      formsOf: withMask => formsOf({ detector, modules, withMask }, this.#request),
    })
    const expected = { detector, karaboId, ...(order !== undefined && { order }) }
    const gate = new TrainGate<CorrectedPart>({
      ...{ sources: endpoints, modules, deadline, incomplete, ...told },
      partsOf: source => correctedPartsOf(source, expected),
      alike: {
        test: areAlike,
        otherwise:
          'has other pulses, cells, steps or arrays than most modules: compare image.passport, and the options of the hosts',
      },
      wish: () => this.#settings,
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
