import { type Detector, pixelsOf } from '../../detectors/detector.js'
import { errorText } from '../../model/errors.js'
import type { Incidents } from '../incidents.js'
import type { Publisher } from '../publisher.js'
import type { Statistics } from '../statistics.js'
import { type ArrayForm, TrainArrays } from '../train-arrays.js'
import { TrainBuffers } from '../train-buffers.js'
import type { StreamedTrain } from '../train-joiner.js'
import type { SentArrays } from '../train-message.js'
import { sendTrain } from '../train-sender.js'
import type { Viewers } from '../viewers.js'
import { copyCorrected, receivedArrays } from './corrected-copy.js'
import { lookAt } from './corrected-look.js'
import type { CorrectedPart } from './corrected-part.js'

export interface CombineFlowOptions {
  readonly detector: Detector
  readonly karaboId: string
  /** The arrays that are made of a train whose modules come with or without mask and gain. */
  readonly formsOf: (withMask: boolean) => readonly ArrayForm[]
  readonly publisher: Publisher
  readonly viewers: Viewers
  readonly statistics: Statistics
  readonly incidents: Incidents
}

/** Trains that wait to go out at most; whoever brings more waits. */
const MOST_QUEUED = 2

/** Puts trains together and sends them, one after the other. */
export class CombineFlow {
  readonly #options: CombineFlowOptions
  readonly #buffers: readonly [TrainBuffers, TrainBuffers] = [new TrainBuffers(), new TrainBuffers()]
  /** When each train that was put and is not out will be. */
  readonly #going: Promise<void>[] = []

  constructor(options: CombineFlowOptions) {
    this.#options = options
  }

  put(train: StreamedTrain<CorrectedPart>, frames: readonly number[]): void {
    const out = (this.#going.at(-1) ?? Promise.resolve()).then(() => this.#send(train, frames))
    this.#going.push(out)
    void out.finally(() => this.#going.shift())
  }

  /** Resolves when there is room for another train. */
  async room(): Promise<void> {
    while (this.#going.length >= MOST_QUEUED) await this.#going[0]
  }

  /** Resolves when all trains are out. */
  async end(): Promise<void> {
    await this.#going.at(-1)
  }

  async #send(train: StreamedTrain<CorrectedPart>, frames: readonly number[]): Promise<void> {
    const { detector, karaboId, formsOf, publisher, viewers, statistics, incidents } = this.#options
    const [first] = train.parts.values()
    if (first === undefined) return
    const looking = viewers.look(frames.length, detector.moduleCount, pixelsOf(detector))
    const copies: TrainArrays[] = []
    try {
      const arrays = formsOf(first.arrays.mask !== undefined).map((form): SentArrays => {
        const received = receivedArrays(form, train.parts, frames)
        if (received !== undefined) return received
        const buffers = this.#buffers[form.stacked ? 0 : 1]
        const copy = new TrainArrays(form, frames.length, bytes => buffers.take(bytes))
        copies.push(copy)
        fill(copy, train, frames)
        return copy
      })
      for (const [module, part] of train.parts) lookAt(part, frames, looking.ofModule(module), detector)
      const present = new Set<number>(train.parts.keys())
      const { passport } = first
      await sendTrain({ train, frames, present, passport, karaboId, detector }, arrays, publisher, statistics)
      looking.done(
        train.train,
        Array.from({ length: detector.moduleCount }, (_, module) => present.has(module)),
      )
    } catch (error) {
      statistics.lost.uncorrected++
      incidents.add('uncorrected', errorText(error), { train: train.train })
      looking.done(train.train, undefined)
    } finally {
      for (const copy of copies) copy.release()
    }
  }
}

/** Copies a train's modules to their places; those that it lacks are filled there as missing. */
function fill(arrays: TrainArrays, { parts }: StreamedTrain<CorrectedPart>, frames: readonly number[]): void {
  const byModule: ReadonlyMap<number, CorrectedPart> = parts
  for (const module of arrays.form.modules) {
    const part = byModule.get(module)
    if (part === undefined) arrays.fillMissing(module)
    else copyCorrected(part, frames, arrays.ofModule(module))
  }
}
