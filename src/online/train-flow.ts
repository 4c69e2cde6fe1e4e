import { pixelsOf } from '../detectors/detector.js'
import type { DetectorKit } from '../kits/kit.js'
import { errorText } from '../model/errors.js'
import type { ModuleIndex } from '../model/ids.js'
import type { Incidents } from './incidents.js'
import type { LossCause } from './live.js'
import type { Publisher } from './publisher.js'
import type { Resident } from './resident.js'
import type { Statistics } from './statistics.js'
import { type ArrayForm, TrainArrays } from './train-arrays.js'
import { TrainBuffers } from './train-buffers.js'
import type { TrainCorrector } from './train-corrector.js'
import type { StreamedTrain } from './train-joiner.js'
import { sendTrain } from './train-sender.js'
import type { Viewers } from './viewers.js'

export interface FlowOptions {
  readonly kit: DetectorKit
  readonly karaboId: string
  readonly resident: Resident
  /** The arrays that are made of each train. */
  readonly forms: readonly ArrayForm[]
  readonly nanBits: number
  readonly inFlight: number
  readonly publisher: Publisher
  readonly viewers: Viewers
  readonly statistics: Statistics
  readonly incidents: Incidents
  readonly software: string
}

interface Queued {
  readonly train: StreamedTrain
  /** Indices of the frames that are corrected. */
  readonly frames: readonly number[]
}

/** Trains that wait to be corrected at most; whoever brings more waits. */
const MOST_QUEUED = 2

/** Takes trains through correction, several at a time, and out in the order in which they came. */
export class TrainFlow {
  readonly #options: FlowOptions
  readonly #buffers: readonly TrainBuffers[]
  readonly #queue: Queued[] = []
  readonly #inFlight = new Set<Promise<void>>()
  readonly #waiting: (() => void)[] = []
  #working = false
  /** When the last train that was begun has gone out. */
  #out: Promise<void> = Promise.resolve()

  constructor(options: FlowOptions) {
    this.#options = options
    this.#buffers = options.forms.map(() => new TrainBuffers())
  }

  /** Trains that wait or are being corrected. */
  get busy(): number {
    return this.#queue.length + this.#inFlight.size
  }

  put(train: StreamedTrain, frames: readonly number[]): void {
    this.#queue.push({ train, frames })
    void this.#work()
  }

  /** Resolves when there is room for another train. */
  async room(): Promise<void> {
    while (this.#queue.length >= MOST_QUEUED) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  /** Resolves when all trains are out. */
  async end(): Promise<void> {
    while (this.busy > 0 || this.#working)
      await Promise.race([...this.#inFlight, new Promise(resolve => setTimeout(resolve, 10))])
    await this.#out
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      for (const wake of this.#waiting.splice(0)) wake()
      while (this.#inFlight.size >= this.#options.inFlight) await Promise.race(this.#inFlight)
      await this.#begin(next)
    }
    this.#working = false
  }

  /** Resolves when the train is being corrected. */
  async #begin(queued: Queued): Promise<void> {
    const { train, frames } = queued
    const { resident } = this.#options
    const before = this.#out
    try {
      const { done } = await resident.use(train, frames, corrector => ({
        done: this.#correct(queued, corrector, before),
      }))
      this.#out = done
      this.#inFlight.add(done)
      void done.finally(() => this.#inFlight.delete(done))
    } catch (error) {
      this.#lose('uncorrected', train, error)
    }
  }

  async #correct({ train, frames }: Queued, corrector: TrainCorrector, before: Promise<void>): Promise<void> {
    const { kit, viewers, forms, nanBits } = this.#options
    const { moduleCount } = kit.detector
    const looking = viewers.look(frames.length, moduleCount, pixelsOf(kit.detector))
    let present: boolean[] | undefined
    const targets: TrainArrays[] = []
    try {
      for (const [i, form] of forms.entries())
        targets.push(
          new TrainArrays(form, frames.length, bytes => (this.#buffers[i] as TrainBuffers).take(bytes)),
        )
      const output = { targets, nanBits, viewsOf: looking.ofModule }
      const failed = await corrector.correct(train, frames, output)
      for (const [module, error] of failed) this.#lose('uncorrected', train, error, module)
      const there = new Set(
        [...train.parts.keys()].filter(module => corrector.has(module) && !failed.has(module)),
      )
      await before
      if (there.size > 0) {
        present = Array.from({ length: moduleCount }, (_, module) => there.has(module as ModuleIndex))
        await this.#publish({ train, frames }, there, targets, corrector.steps)
      }
    } catch (error) {
      this.#lose('uncorrected', train, error)
    } finally {
      for (const arrays of targets) arrays.release()
      looking.done(train.train, present)
    }
  }

  async #publish(
    { train, frames }: Queued,
    present: ReadonlySet<ModuleIndex>,
    targets: readonly TrainArrays[],
    steps: readonly string[],
  ): Promise<void> {
    const { kit, karaboId, publisher, statistics, software } = this.#options
    const passport = [`detcal ${software}`, ...steps]
    const corrected = { ...{ train, frames, present, passport, karaboId }, detector: kit.detector }
    await sendTrain(corrected, targets, publisher, statistics)
  }

  #lose(cause: LossCause, { train }: StreamedTrain, error: unknown, module?: number): void {
    this.#options.statistics.lost[cause]++
    this.#options.incidents.add(cause, errorText(error), { train, ...(module !== undefined && { module }) })
  }
}
