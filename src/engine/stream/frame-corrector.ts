import type { Detector } from '../../detectors/detector.js'
import { pixelsOf } from '../../detectors/detector.js'
import { DataError, UsageError } from '../../model/errors.js'
import type { Problem } from '../../model/problem.js'
import type { ModulePlan } from '../plan/plan.js'
import { Engine } from '../threads/engine.js'
import { oldestFirst } from '../threads/policy.js'
import { type HeldFrames, heldFrames, type RawFrames } from './memory-frames.js'
import { ResidentModule } from './resident-module.js'
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

/** Corrects frames of one module in memory: its constants are resident, trains come and go. */
export class FrameCorrector {
  readonly #options: FrameCorrectorOptions
  readonly #engine: Engine
  readonly #module: ResidentModule
  readonly #places: ReadonlyMap<number, number>

  private constructor(options: FrameCorrectorOptions, engine: Engine) {
    const { detector, plan, frames, inFlight = 2 } = options
    this.#options = options
    this.#engine = engine
    const layout = streamLayout(detector, plan, frames, inFlight)
    this.#module = new ResidentModule({ detector, plan, layout, engine })
    this.#places = new Map(plan.cells.map((cell, place) => [cell, place]))
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
    const { train, raw, cellIds } = frames
    const held = await this.#module.correct({
      cells: Uint16Array.from(cellIds, cell => this.#places.get(cell) ?? 0),
      order: train,
      fill: ({ raw: slot }) => {
        slot.set(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength))
        return { kind: 'slot' }
      },
      output: { kind: 'slot' },
    })
    return heldFrames(train, cellIds.length, held.slot, held.release)
  }

  /** Ends it, once all frames that were returned are released. */
  async close(): Promise<void> {
    await this.#module.close()
    if (this.#options.engine === undefined) await this.#engine.close()
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
      if (!this.#places.has(cell))
        throw new DataError(`there are no constants of cell ${cell} in memory`, {
          place,
          hint: 'Name all cells that the frames may have',
        })
  }
}
