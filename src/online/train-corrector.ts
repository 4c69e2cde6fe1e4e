import { type Detector, pixelsOf, rawFrameBytes } from '../detectors/detector.js'
import type { LookedAt } from '../engine/contract/module-arrays.js'
import { showBytes } from '../engine/plan/budget.js'
import type { CacheUse } from '../engine/run/cache-use.js'
import type { PlannedModules } from '../engine/stream/plan-modules.js'
import { ResidentModule } from '../engine/stream/resident-module.js'
import type { Engine } from '../engine/threads/engine.js'
import type { DetectorKit } from '../kits/kit.js'
import { type LaneLayout, laneLayout } from '../memory/lane-layout.js'
import { UsageError } from '../model/errors.js'
import { type ModuleIndex, NO_CELL } from '../model/ids.js'
import { copyRawFrames } from './raw-copy.js'
import type { TrainArrays } from './train-arrays.js'
import type { StreamedTrain } from './train-joiner.js'

export interface TrainCorrectorOptions {
  readonly kit: DetectorKit
  readonly planned: PlannedModules
  /** Memory cells whose constants become resident, ascending. */
  readonly cells: readonly number[]
  /** Most frames of a train. */
  readonly frames: number
  /** Trains in flight. */
  readonly inFlight: number
  readonly rawFrames: number
  readonly engine: Engine
  readonly cache?: CacheUse
  /** Bytes that all lanes may have together. */
  readonly memory: number
  /** Told why a corrector gave up and another did its work. */
  readonly onHandedOver: (reason: string) => void
}

/** What one train becomes. */
export interface TrainOutput {
  readonly targets: readonly TrainArrays[]
  readonly nanBits: number
  readonly viewsOf: (module: ModuleIndex) => readonly LookedAt[]
}

/** Frames whose results a slot gathers before they are copied on: a cache line of each pixel where frames come last. */
const GATHERED = 16

/** Corrects whole trains: the constants of all modules are resident, one lane each. */
export class TrainCorrector {
  readonly #options: TrainCorrectorOptions
  readonly #modules: ReadonlyMap<ModuleIndex, ResidentModule>
  readonly #places: ReadonlyMap<number, number>
  /** Bytes of its lanes. */
  readonly bytes: number
  /** In order of execution. */
  readonly steps: readonly string[]

  /**
   * Begins to load the constants.
   * @throws UsageError with the figures if the memory does not hold them.
   */
  constructor(options: TrainCorrectorOptions) {
    const { kit, planned, cells, engine, cache, memory, onHandedOver } = options
    this.#options = options
    const layouts = layoutsOf(options)
    this.bytes = sumOf(layouts)
    this.steps = [...planned.modules.values()][0]?.chain.steps ?? []
    TrainCorrector.requireMemory(options, memory)
    this.#places = new Map(cells.map((cell, place) => [cell, place]))
    const modules = new Map<ModuleIndex, ResidentModule>()
    this.#modules = modules
    try {
      for (const [module, resolved] of planned.modules)
        modules.set(
          module,
          new ResidentModule({
            ...{ detector: kit.detector, engine, layout: layouts.get(module) as LaneLayout, onHandedOver },
            plan: { module, ...resolved, cells, sequences: [] },
            ...(cache && { cache }),
          }),
        )
    } catch (error) {
      void this.close()
      if (!(error instanceof RangeError)) throw error
      throw new UsageError(`${showBytes(this.bytes)} for constants and trains in flight are not to be had`, {
        hint: 'Use fewer --modules, or fewer frames with --pulses',
        cause: error,
      })
    }
  }

  /** Bytes that the lanes of one would take. @throws UsageError if one lane does not fit a WebAssembly memory. */
  static bytesOf(options: Sized): number {
    return sumOf(layoutsOf(options))
  }

  /** @throws UsageError with the figures if the lanes of one would take more than `memory` bytes. */
  static requireMemory(options: Sized, memory: number): void {
    const bytes = TrainCorrector.bytesOf(options)
    const { cells, planned, inFlight, frames } = options
    if (bytes > memory)
      throw new UsageError(
        `constants of ${cells.length} cells of ${planned.modules.size} modules, with ${inFlight} trains of ${frames} frames in flight, take ${showBytes(bytes)}; ${showBytes(memory)} are to be used`,
        { hint: 'Give more --memory, fewer --modules, or fewer frames with --pulses' },
      )
  }

  /** Whether it corrects a module. */
  has(module: ModuleIndex): boolean {
    return this.#modules.has(module)
  }

  /** Whether the constants of all these cells are resident, and the slots hold so many frames. */
  holds(cellIds: Uint16Array, frames: number): boolean {
    const { detector } = this.#options.kit
    return (
      frames <= this.#options.frames && cellIds.every(cell => this.#places.has(residentCell(cell, detector)))
    )
  }

  /** Resolves when all constants are in memory: errors by module, of those that could not be loaded. */
  async loaded(): Promise<ReadonlyMap<ModuleIndex, unknown>> {
    const failed = new Map<ModuleIndex, unknown>()
    for (const [module, queue] of this.#modules) await queue.loaded.catch(error => failed.set(module, error))
    return failed
  }

  /**
   * Corrects frames of a train, which it {@link holds}, into arrays. Modules that are missing, or fail, are filled there as missing.
   * @param frames indices of frames of the train; frame k of the arrays is `frames[k]`.
   * @returns errors by module, of parts that could not be corrected.
   */
  async correct(
    train: StreamedTrain,
    frames: readonly number[],
    { targets, nanBits, viewsOf }: TrainOutput,
  ): Promise<ReadonlyMap<ModuleIndex, unknown>> {
    const failed = new Map<ModuleIndex, unknown>()
    const { kit, rawFrames } = this.#options
    const cells = Uint16Array.from(frames, frame => {
      const cell = residentCell(train.cellIds[frame] ?? NO_CELL, kit.detector)
      return this.#places.get(cell) as number
    })
    const correctPart = async (module: ModuleIndex, queue: ResidentModule): Promise<void> => {
      const part = train.parts.get(module)
      if (part === undefined) return
      try {
        const held = await queue.correct({
          ...{ cells, order: train.train },
          fill: ({ raw }) => {
            copyRawFrames(part, frames, rawFrames, kit.detector, raw)
            return { kind: 'slot' }
          },
          output: {
            kind: 'arrays',
            targets: targets.map(arrays => arrays.ofModule(module)),
            ...{ nanBits, views: viewsOf(module) },
          },
        })
        held.release()
      } catch (error) {
        failed.set(module, error)
      }
    }
    await Promise.all([...this.#modules].map(([module, queue]) => correctPart(module, queue)))
    for (const arrays of targets)
      for (const module of arrays.form.modules)
        if (!this.#isThere(module as ModuleIndex, train, failed)) arrays.fillMissing(module)
    return failed
  }

  /** Ends it, once all trains are done; lanes go back to the engine. */
  async close(): Promise<void> {
    await Promise.all([...this.#modules.values()].map(queue => queue.close()))
  }

  #isThere(module: ModuleIndex, train: StreamedTrain, failed: ReadonlyMap<ModuleIndex, unknown>): boolean {
    return train.parts.has(module) && this.#modules.has(module) && !failed.has(module)
  }
}

/** The cell whose constants a frame of `cell` needs: one stands for all that the detector does not have. */
export function residentCell(cell: number, { maxCells }: Detector): number {
  return cell < maxCells ? cell : NO_CELL
}

type Sized = Pick<TrainCorrectorOptions, 'kit' | 'planned' | 'cells' | 'frames' | 'inFlight' | 'rawFrames'>

function layoutsOf(options: Sized): ReadonlyMap<ModuleIndex, LaneLayout> {
  return new Map(
    [...options.planned.modules].map(([module, { chain }]) => [
      module,
      layoutOf(options, chain.planes.length),
    ]),
  )
}

function sumOf(layouts: ReadonlyMap<ModuleIndex, LaneLayout>): number {
  return [...layouts.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}

function layoutOf({ kit, cells, frames, inFlight, rawFrames }: Sized, planes: number): LaneLayout {
  try {
    return laneLayout({
      ...{ pixels: pixelsOf(kit.detector), cells: cells.length, planes, slots: inFlight },
      rawFrameBytes: rawFrames * rawFrameBytes(kit.detector),
      slotRawFrames: frames,
      slotFrames: Math.min(GATHERED, frames),
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(
      `constants of ${cells.length} cells and ${inFlight} trains of ${frames} frames do not fit one WebAssembly memory`,
      { hint: 'Use fewer frames with --pulses', cause: error },
    )
  }
}
