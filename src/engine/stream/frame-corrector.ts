import type { Detector } from '../../detectors/detector.js'
import { pixelsOf } from '../../detectors/detector.js'
import type { Lane } from '../../memory/lane.js'
import { DataError, UsageError } from '../../model/errors.js'
import { StoppedError } from '../../model/interruptions.js'
import type { Problem } from '../../model/problem.js'
import { PhaseTotals } from '../contract/phase-times.js'
import type { ModulePlan } from '../plan/plan.js'
import { Engine } from '../threads/engine.js'
import { RunStop } from '../threads/job.js'
import { oldestFirst } from '../threads/policy.js'
import { type HeldFrames, MemorySink, MemorySource, type RawFrames } from './memory-frames.js'
import { streamModule } from './module-stream.js'
import { streamLayout } from './stream-lanes.js'

export interface FrameCorrectorOptions {
  readonly detector: Detector
  readonly plan: ModulePlan
  /** Most frames of one call. */
  readonly frames: number
  /** Calls whose results are held or in work at a time; further ones wait. Default 2. */
  readonly inFlight?: number
  /** Threads to use, which are still there afterwards; absent: one of its own. */
  readonly engine?: Engine
  /** Warnings from planning. */
  readonly problems?: readonly Problem[]
}

interface Waiting {
  resolve(frames: HeldFrames): void
  reject(error: unknown): void
}

/** Corrects frames of one module in memory: its constants are resident, trains come and go. */
export class FrameCorrector {
  readonly #options: FrameCorrectorOptions
  readonly #engine: Engine
  readonly #lanes: Lane[]
  readonly #queue: RawFrames[] = []
  readonly #waiting = new Map<RawFrames, Waiting>()
  readonly #done: Promise<unknown>
  #wake: () => void = () => {}
  #ended = false
  /** Why no frames are corrected any more, where that is not because it was closed. */
  #broken: { readonly error: unknown } | undefined

  private constructor(options: FrameCorrectorOptions, engine: Engine) {
    const { detector, plan, frames, inFlight = 2 } = options
    this.#options = options
    this.#engine = engine
    this.#lanes = engine.lanes.lend(1, streamLayout(detector, plan, frames, inFlight))
    this.#done = this.#run()
    // Whoever waits for frames, or closes, is told.
    this.#done.catch(error => this.#fail(error))
  }

  /**
   * Starts loading the module's constants.
   * @throws UsageError if constants and frames do not fit one WebAssembly memory.
   */
  static async open(options: FrameCorrectorOptions): Promise<FrameCorrector> {
    const engine = options.engine ?? (await Engine.start({ workers: 1, policy: oldestFirst }))
    return new FrameCorrector(options, engine)
  }

  /** What is done with each frame, in order of execution. */
  get steps(): readonly string[] {
    return this.#options.plan.chain.steps
  }

  /** What is doubtful: conditions that are unknown, steps without their constant. */
  get problems(): readonly Problem[] {
    return this.#options.problems ?? []
  }

  /**
   * Corrects the frames of one train; release what it returns. `frames.raw` must stay as it is until then.
   * @throws UsageError for arguments of another type. @throws DataError if the frames are not those of such a module. @throws ConstantsError if its constants cannot be
   * loaded. @throws StoppedError once it is closed.
   */
  async correct(frames: RawFrames): Promise<HeldFrames> {
    this.#check(frames)
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken.error)
      if (this.#ended) return reject(new StoppedError())
      // An object of its own for each call: the caller may give the same frames again.
      const own = { ...frames }
      this.#waiting.set(own, { resolve, reject })
      this.#queue.push(own)
      this.#wake()
    })
  }

  /** Ends it, once all frames that were returned are released. */
  async close(): Promise<void> {
    this.#ended = true
    this.#wake()
    await this.#done.catch(() => {})
    if (this.#options.engine === undefined) await this.#engine.close()
  }

  async #run(): Promise<void> {
    const { detector, plan } = this.#options
    const [lane] = this.#lanes
    if (lane === undefined) throw new Error('there is no lane')
    const waiting = (frames: RawFrames): Waiting | undefined => {
      const found = this.#waiting.get(frames)
      this.#waiting.delete(frames)
      return found
    }
    const source = new MemorySource(this.#trains(), plan.cells)
    const sink = new MemorySink(
      (held, frames) => waiting(frames)?.resolve(held),
      (frames, error) => waiting(frames)?.reject(error),
    )
    try {
      await streamModule(plan, lane, source, sink, {
        ...{ detector, engine: this.#engine, lanes: 1, software: '', cache: undefined },
        stop: new RunStop(),
        phases: new PhaseTotals(),
      })
    } finally {
      this.#engine.lanes.giveBack(this.#lanes)
    }
  }

  async *#trains(): AsyncGenerator<RawFrames> {
    for (;;) {
      const next = this.#queue.shift()
      if (next !== undefined) yield next
      else if (this.#ended) return
      else
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
    }
  }

  #fail(error: unknown): void {
    this.#ended = true
    this.#broken = { error }
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  #check({ train, raw, cellIds }: RawFrames): void {
    const { detector, plan, frames } = this.#options
    const elements = plan.chain.rawFrames * detector.rawPlanes * pixelsOf(detector)
    const place = { train, module: plan.module }
    if (!(raw instanceof Uint16Array))
      throw new UsageError('raw is not a Uint16Array', {
        place,
        hint: `Give raw frames as ${detector.name} writes them`,
      })
    if (!(Array.isArray(cellIds) || ArrayBuffer.isView(cellIds)))
      throw new UsageError('cellIds is not an array', { place, hint: 'Give the memory cell of each frame' })
    if (!(Number.isSafeInteger(train) && train >= 0))
      throw new UsageError(`train ${train} is not a train id`, { place: { module: plan.module } })
    if (raw.length !== cellIds.length * elements)
      throw new DataError(
        `${raw.length} raw values for ${cellIds.length} frames of ${elements} values each`,
        { place, hint: `Give raw frames as ${detector.name} writes them` },
      )
    if (cellIds.length > frames)
      throw new DataError(`${cellIds.length} frames, where at most ${frames} were announced`, { place })
    for (const cell of Array.from(cellIds))
      if (!plan.cells.includes(cell))
        throw new DataError(`there are no constants of cell ${cell} in memory`, {
          place,
          hint: 'Name all cells that the frames may have',
        })
  }
}
