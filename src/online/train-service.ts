import { decodeTrain } from '../bridge/decode.js'
import type { BridgeSource } from '../bridge/message.js'
import { buildVersion } from '../files/version.js'
import { errorText, isDetcalError } from '../model/errors.js'
import type { DetectorStream } from './detector-stream.js'
import type { Doors } from './doors.js'
import { type Incidents, saidOf } from './incidents.js'
import { Intake } from './intake.js'
import type { LiveSettings, OnlineStatus } from './live.js'
import type { Publisher } from './publisher.js'
import type { CheckedServeRequest } from './request.js'
import { Statistics } from './statistics.js'
import { type StatusParts, statusOf } from './status.js'
import { namesOf, type TrainWish, trainWishOf } from './train-gate.js'
import { Viewers } from './viewers.js'

/** What trains go through once it is known what they are of. */
export interface TrainPath {
  readonly stream: Pick<DetectorStream, 'kit' | 'karaboId'>
  readonly gate: {
    take(sources: readonly BridgeSource[]): Promise<void>
    stop(): void
    end(): void
  }
  readonly flow: {
    room(): Promise<void>
    end(): Promise<void>
  }
}

export interface TrainServiceOptions<Path extends TrainPath> {
  readonly request: Pick<CheckedServeRequest, 'sources' | 'sourceSocket'> & Parameters<typeof trainWishOf>[0]
  readonly doors: Doors
  readonly incidents: Incidents
  /**
   * What trains go through, if there is something among these sources that tells.
   * @throws what is wrong with them: the message is lost as damaged.
   */
  readonly begin: (sources: readonly BridgeSource[]) => Path | undefined
  /** What to say of sources among which there is nothing. */
  readonly nothingAmong: (sources: string) => string
}

/** ms after which it is said of sources that nothing came from them. */
const SILENT = 10_000
/** ms for which whoever listens may take what is left when the service ends. */
const PATIENCE = 2000

/** What every service of trains does: takes messages, counts them, sends them along their path, and ends without losing any. */
export class TrainService<Path extends TrainPath> {
  readonly statistics = new Statistics()
  readonly viewers = new Viewers()
  readonly incidents: Incidents
  readonly publisher: Publisher
  readonly #options: TrainServiceOptions<Path>
  readonly #intake: Intake
  readonly #startedAt = Date.now()
  #settings: Omit<LiveSettings, 'steps'>
  #wish: TrainWish
  #path: Path | undefined
  #closing: Promise<void> | undefined
  readonly #silence: NodeJS.Timeout

  constructor(options: TrainServiceOptions<Path>) {
    const { request, doors, incidents } = options
    const { stride, pulses } = request
    this.#options = options
    this.incidents = incidents
    this.publisher = doors.publisher
    this.#settings = { stride, ...(pulses !== undefined && { pulses }) }
    this.#wish = trainWishOf(request)
    this.#intake = new Intake({
      ...{ endpoints: request.sources, socket: request.sourceSocket, keys: doors.keys },
      take: frames => this.#take(frames),
      fail: (endpoint, error) => incidents.add('source', `${endpoint}: ${errorText(error)}`),
    })
    this.#silence = setTimeout(() => this.#tellSilent(), SILENT).unref()
  }

  /** Absent: nothing came yet that tells what trains are of. */
  get path(): Path | undefined {
    return this.#path
  }

  /** Which trains go on, from the next one on. */
  get wish(): TrainWish {
    return this.#wish
  }

  /** Other trains, or other frames of them, and what puts that in force. @throws UsageError for what cannot be. */
  changing(settings: Partial<Omit<LiveSettings, 'steps'>>): {
    readonly wish: TrainWish
    readonly putInForce: () => void
  } {
    const next = { ...this.#settings, ...settings }
    const wish = trainWishOf({ ...this.#options.request, ...next })
    return {
      wish,
      putInForce: () => {
        this.#settings = next
        this.#wish = wish
      },
    }
  }

  status({ loading = false, ...more }: { loading?: boolean } & Partial<StatusParts>): OnlineStatus {
    return statusOf({
      ...{ statistics: this.statistics, incidents: this.incidents.list, settings: this.#settings },
      ...{ version: buildVersion(), startedAt: this.#startedAt },
      ...{ sources: this.#intake.sources, lastAt: this.#intake.lastAt, outputs: this.publisher.outputs },
      unconsumed: this.publisher.dropped,
      ...(this.#path && { stream: this.#path.stream }),
      activity: this.#closing ? 'stopping' : loading ? 'loading' : undefined,
      ...more,
    })
  }

  /**
   * Ends it: what was received goes its way and out, where somebody takes it; who takes nothing for two seconds is not waited
   * for, and what he misses is counted. May be called again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  /** A host that is not there, or a port where nobody serves, is no error to a socket. */
  #tellSilent(): void {
    for (const { endpoint, messages } of this.#intake.sources)
      if (messages === 0) this.incidents.add('source', `${endpoint}: nothing has come from there yet`)
  }

  async #end(): Promise<void> {
    clearTimeout(this.#silence)
    const out = this.#finish()
    await Promise.race([out, new Promise(resolve => setTimeout(resolve, PATIENCE).unref())])
    await this.publisher.close(PATIENCE)
    await out
  }

  /** Resolves when all trains that were received are out. */
  async #finish(): Promise<void> {
    this.#path?.gate.stop()
    await this.#intake.close()
    const { gate, flow } = this.#path ?? {}
    gate?.end()
    await flow?.end()
  }

  /** Takes a message; resolves when there is room for another train. */
  async #take(frames: readonly Uint8Array[]): Promise<void> {
    this.statistics.cameIn(frames.reduce((sum, { byteLength }) => sum + byteLength, 0))
    let sources: readonly BridgeSource[]
    try {
      sources = decodeTrain(frames)
      this.#path ??= this.#options.begin(sources)
    } catch (error) {
      this.statistics.lost.damaged++
      this.incidents.add('damaged', saidOf(error), isDetcalError(error) ? error.place : {})
      return
    }
    if (this.#path !== undefined) {
      await this.#path.gate.take(sources)
      await this.#path.flow.room()
      return
    }
    this.incidents.add('source', this.#options.nothingAmong(namesOf(sources)))
  }
}
