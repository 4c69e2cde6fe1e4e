import type { Detector } from '../../detectors/detector.js'
import type { Lane } from '../../memory/lane.js'
import type { LaneLayout } from '../../memory/lane-layout.js'
import { StoppedError } from '../../model/interruptions.js'
import type { FramesOut } from '../contract/block-task.js'
import type { Block, FrameCounts, FrameSink, FrameSource } from '../contract/frames.js'
import { PhaseTotals } from '../contract/phase-times.js'
import type { SlotViews } from '../contract/slot-views.js'
import type { ModulePlan } from '../plan/plan.js'
import type { CacheUse } from '../run/cache-use.js'
import type { Engine } from '../threads/engine.js'
import { RunStop } from '../threads/job.js'
import { streamModule } from './module-stream.js'

/** Frames of a module that are given one by one, and where their results go. */
export interface QueuedBlock extends Block {
  readonly output: FramesOut
}

/** A corrected block: its slot is this one's until it is released. */
export interface HeldBlock {
  readonly slot: SlotViews
  /** Gives the slot back. May be called again. */
  release(): void
}

export interface ResidentModuleOptions {
  readonly detector: Detector
  readonly plan: ModulePlan
  readonly layout: LaneLayout
  readonly engine: Engine
  readonly cache?: CacheUse
  /** Told why a corrector gave up and another did its work. */
  readonly onHandedOver?: (reason: string) => void
}

interface Waiting {
  resolve(held: HeldBlock): void
  reject(error: unknown): void
}

/** One module's constants, resident in a lane, and the blocks that are given to it, in their order. */
export class ResidentModule {
  readonly #options: ResidentModuleOptions
  readonly #lanes: Lane[]
  readonly #queue: QueuedBlock[] = []
  readonly #waiting = new Map<QueuedBlock, Waiting>()
  readonly #done: Promise<unknown>
  #wake: () => void = () => {}
  #ended = false
  /** Why nothing is corrected any more, where that is not because it was closed. */
  #broken: { readonly error: unknown } | undefined
  #loaded: (missingCells: readonly number[]) => void = () => {}
  /**
   * Cells that not all constants have, once the constants are in memory. Never settles if it is closed before.
   * @throws ConstantsError naming file, dataset and module.
   */
  readonly loaded: Promise<readonly number[]>

  /** Begins to load the constants. @throws RangeError if the address space does not hold the lane. */
  constructor(options: ResidentModuleOptions) {
    this.#options = options
    this.#lanes = options.engine.lanes.lend(1, options.layout)
    let refuse: (error: unknown) => void = () => {}
    this.loaded = new Promise((resolve, reject) => {
      this.#loaded = resolve
      refuse = reject
    })
    this.#done = this.#run().catch(error => {
      // Whoever waits for frames, or for the constants, is told.
      this.#fail(error)
      refuse(error)
    })
    // Nobody needs to look at it: blocks are told as well.
    this.loaded.catch(() => {})
  }

  /**
   * Corrects a block, once those before it are under way. Give a new object each time.
   * @throws ConstantsError if the constants cannot be loaded. @throws StoppedError once it is closed.
   */
  correct(block: QueuedBlock): Promise<HeldBlock> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken.error)
      if (this.#ended) return reject(new StoppedError())
      this.#waiting.set(block, { resolve, reject })
      this.#queue.push(block)
      this.#wake()
    })
  }

  /** Ends it, once all blocks are released. */
  async close(): Promise<void> {
    this.#ended = true
    this.#wake()
    await this.#done
  }

  async #run(): Promise<void> {
    const { detector, plan, engine, cache, onHandedOver } = this.#options
    const [lane] = this.#lanes
    if (lane === undefined) throw new Error('there is no lane')
    const source: FrameSource<QueuedBlock> = { counts: NOT_COUNTED, blocks: () => this.#blocks() }
    const sink: FrameSink<QueuedBlock> = {
      counts: NOT_COUNTED,
      output: ({ output }) => output,
      take: (block, _, slot) =>
        new Promise(resolve => this.#waiter(block)?.resolve({ slot, release: resolve })),
      lose: (block, error) => this.#waiter(block)?.reject(error),
    }
    try {
      await streamModule(plan, lane, source, sink, {
        ...{ detector, engine, lanes: 1, software: '', cache },
        stop: new RunStop(),
        phases: new PhaseTotals(),
        onLoaded: missing => this.#loaded(missing),
        onBlock: (_, reasons) => {
          for (const reason of reasons) onHandedOver?.(reason)
        },
      })
    } finally {
      engine.lanes.giveBack(this.#lanes)
    }
  }

  async *#blocks(): AsyncGenerator<QueuedBlock> {
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

  #waiter(block: QueuedBlock): Waiting | undefined {
    const found = this.#waiting.get(block)
    this.#waiting.delete(block)
    return found
  }

  #fail(error: unknown): void {
    this.#ended = true
    this.#broken = { error }
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

/** Whoever gives the blocks counts them. */
const NOT_COUNTED: FrameCounts = { frames: 0, lost: 0 }
