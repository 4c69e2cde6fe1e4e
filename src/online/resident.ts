import type { CacheUse } from '../engine/run/cache-use.js'
import {
  type PlannedModules,
  planModules,
  rawFramesAPulse,
  type StreamFields,
} from '../engine/stream/plan-modules.js'
import type { Engine } from '../engine/threads/engine.js'
import type { DetectorKit } from '../kits/kit.js'
import { ConstantsError, isDetcalError } from '../model/errors.js'
import type { ModuleIndex } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import { framesAlone } from '../sources/conditions/frames.js'
import { TrainCorrector } from './train-corrector.js'
import type { StreamedTrain } from './train-joiner.js'

export interface ResidentOptions {
  readonly kit: DetectorKit
  readonly karaboId: string
  readonly modules: readonly ModuleIndex[]
  readonly engine: Engine
  readonly cache?: CacheUse
  readonly inFlight: number
  /** Bytes that lanes may have. */
  readonly memory: number
  /** Told when constants are being loaded, and when they are there: why modules cannot be corrected, and what is doubtful. */
  readonly onLoading: () => void
  readonly onLoaded: (planned: PlannedModules, failed: ReadonlyMap<number, string>) => void
}

/** ms for which nothing is tried again after constants could not be had. */
const PATIENCE = 5000

/**
 * The constants in use. They are replaced between two trains, when steps or the catalogue change or frames of other cells
 * come; trains that come meanwhile wait. What cannot be had leaves the old ones in use.
 */
export class Resident {
  readonly #options: ResidentOptions
  #asked: StreamFields
  #corrector: TrainCorrector | undefined
  #planned: PlannedModules | undefined
  /** The train that constants were last looked up for. */
  #train: StreamedTrain | undefined
  #cells: readonly number[] = []
  #frames = 0
  #failure: { readonly error: unknown; readonly until: number } | undefined
  /** Replacing and using follow one another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(asked: StreamFields, options: ResidentOptions) {
    this.#asked = asked
    this.#options = options
  }

  get planned(): PlannedModules | undefined {
    return this.#planned
  }

  /**
   * Starts `work` with what corrects frames of a train, once the constants of its cells are in memory.
   * @param frames indices of the frames.
   * @returns what `work` returns, as soon as it has: wait for its end outside.
   * @throws ConstantsError or UsageError if the constants cannot be had, for want of memory too.
   */
  use<T>(
    train: StreamedTrain,
    frames: readonly number[],
    work: (corrector: TrainCorrector) => T,
  ): Promise<T> {
    return this.#exclusive(async () => {
      const cellIds = Uint16Array.from(frames, frame => train.cellIds[frame] ?? 0)
      if (this.#corrector?.holds(cellIds, frames.length) !== true) {
        if (this.#failure && performance.now() < this.#failure.until) throw this.#failure.error
        try {
          const cells = [...new Set(cellIds)].sort((a, b) => a - b)
          await this.#replace(this.#asked, train, cells, frames.length)
        } catch (error) {
          this.#failure = { error, until: performance.now() + PATIENCE }
          throw error
        }
      }
      if (this.#corrector === undefined) throw new Error('nothing corrects')
      return work(this.#corrector)
    })
  }

  /**
   * Other steps, or the same with constants looked up and loaded anew.
   * @throws UsageError, ConstantsError: what was in use still is.
   */
  change(asked: StreamFields): Promise<void> {
    return this.#exclusive(async () => {
      this.#failure = undefined
      if (this.#train !== undefined) await this.#replace(asked, this.#train, this.#cells, this.#frames)
      this.#asked = asked
    })
  }

  async close(): Promise<void> {
    await this.#exclusive(async () => this.#corrector?.close())
  }

  async #replace(
    asked: StreamFields,
    train: StreamedTrain,
    cells: readonly number[],
    frames: number,
  ): Promise<void> {
    const { kit, karaboId, modules } = this.#options
    const conditions = await conditionsOf(train, this.#options, rawFramesAPulse(asked, kit))
    const at = asked.at ?? timeOf(train).toISOString()
    const planned = await planModules({ ...asked, at }, { kit, karaboId, modules, conditions })
    requireModules(planned)
    const before = this.#corrector && { planned: this.#planned, cells: this.#cells, frames: this.#frames }
    await this.#corrector?.close()
    this.#corrector = undefined
    try {
      await this.#open(asked, planned, cells, frames)
      this.#train = train
    } catch (error) {
      if (before?.planned) await this.#open(this.#asked, before.planned, before.cells, before.frames)
      throw error
    }
  }

  async #open(
    asked: StreamFields,
    planned: PlannedModules,
    cells: readonly number[],
    frames: number,
  ): Promise<void> {
    const { kit, engine, cache, inFlight, memory } = this.#options
    this.#options.onLoading()
    const corrector = new TrainCorrector({
      ...{ kit, planned, cells, frames, inFlight, engine, memory, rawFrames: rawFramesAPulse(asked, kit) },
      ...(cache && { cache }),
    })
    const failed = await corrector.loaded()
    if (failed.size === planned.modules.size) {
      await corrector.close()
      throw [...failed.values()][0]
    }
    this.#corrector = corrector
    this.#planned = planned
    this.#cells = cells
    this.#frames = frames
    this.#options.onLoaded(planned, problemsOf(planned, failed, this.#options.modules))
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}

/** What the frames of a train say of the operating conditions. */
async function conditionsOf({ parts }: StreamedTrain, { kit, karaboId }: ResidentOptions, rawFrames: number) {
  const { conditionsOf } = await framesAlone({ files: [] }, kit.detector, karaboId)
  const modules = new Map(
    [...parts].map(([module, { cellIds, pulseIds }]) => [
      module,
      [
        {
          ...{ cellIds, pulseIds: Float64Array.from(pulseIds, Number) },
          trains: [{ image: { first: 0, count: cellIds.length } }],
        },
      ],
    ]),
  )
  return conditionsOf({ detector: kit.detector, karaboId, modules, rawFrames, parallelFrom: undefined })
}

/** When a train was: of its time server, else now. */
function timeOf({ time }: StreamedTrain): Date {
  return time.seconds === undefined ? new Date() : new Date(Number(time.seconds) * 1000)
}

/** @throws ConstantsError if no module can be corrected. */
function requireModules({ modules, problems }: PlannedModules): void {
  if (modules.size > 0) return
  const first: Problem | undefined = problems.find(({ severity }) => severity === 'error')
  throw new ConstantsError(first?.message ?? 'no module can be corrected', { place: first?.place ?? {} })
}

/** Why modules are not corrected. */
function problemsOf(
  { modules: planned, problems }: PlannedModules,
  failed: ReadonlyMap<ModuleIndex, unknown>,
  modules: readonly ModuleIndex[],
): ReadonlyMap<number, string> {
  return new Map(
    modules.flatMap((module): [number, string][] => {
      const error = failed.get(module)
      if (error !== undefined) return [[module, isDetcalError(error) ? error.line : String(error)]]
      if (planned.has(module)) return []
      const problem = problems.find(({ severity, place }) => severity === 'error' && place.module === module)
      return [[module, problem?.message ?? 'there are no constants of it']]
    }),
  )
}
