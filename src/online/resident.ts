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
import { residentCell, TrainCorrector, type TrainCorrectorOptions } from './train-corrector.js'
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
  /** Told why a corrector gave up and another did its work. */
  readonly onHandedOver: (reason: string) => void
  /** Told when constants begin to be loaded, and when that is over. */
  readonly onLoading: (loading: boolean) => void
  /** Told when constants are there: why modules cannot be corrected, and what is doubtful. */
  readonly onLoaded: (planned: PlannedModules, failed: ReadonlyMap<number, string>) => void
}

const NONE: ReadonlySet<ModuleIndex> = new Set()

/** What is resident. */
type Resided = Pick<TrainCorrectorOptions, 'kit' | 'planned' | 'cells' | 'frames' | 'inFlight' | 'rawFrames'>

/** What a train needs: constants of these cells, for so many frames at a time. */
interface Needs {
  readonly train: StreamedTrain
  readonly cellIds: ArrayLike<number>
  readonly frames: number
}

/** ms for which nothing is tried again after constants could not be had. */
const PATIENCE = 5000

/**
 * The constants in use. They are replaced between two trains, when steps or the catalogue change or frames of other cells
 * come; trains that come meanwhile wait. New ones are loaded beside the old ones, where the memory holds both, else in their
 * place. What cannot be had leaves the old ones in use.
 */
export class Resident {
  readonly #options: ResidentOptions
  #asked: StreamFields
  #corrector: TrainCorrector | undefined
  /** What it was made of. */
  #current: Resided | undefined
  /** Modules that it corrects. */
  #working: ReadonlySet<ModuleIndex> = NONE
  /** The train that constants were last looked up for. */
  #train: StreamedTrain | undefined
  #failure: { readonly error: unknown; readonly until: number } | undefined
  /** Replacing and using follow one another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(asked: StreamFields, options: ResidentOptions) {
    this.#asked = asked
    this.#options = options
  }

  get planned(): PlannedModules | undefined {
    return this.#current?.planned
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
          await this.#replace(this.#asked, { train, cellIds, frames: frames.length })
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
      if (this.#train !== undefined)
        await this.#replace(asked, { train: this.#train, cellIds: [], frames: 0 }, this.#working)
      this.#asked = asked
    })
  }

  async close(): Promise<void> {
    await this.#exclusive(async () => this.#corrector?.close())
  }

  /** @param kept modules that must be corrected still. */
  async #replace(
    asked: StreamFields,
    { train, ...needs }: Needs,
    kept: ReadonlySet<ModuleIndex> = NONE,
  ): Promise<void> {
    const { kit, karaboId, modules, memory } = this.#options
    const conditions = await conditionsOf(train, this.#options, rawFramesAPulse(asked, kit))
    const at = asked.at ?? timeOf(train).toISOString()
    const planned = await planModules({ ...asked, at }, { kit, karaboId, modules, conditions })
    requireModules(planned, kept)
    const next = this.#sizeOf(asked, planned, needs)
    const old = this.#corrector
    const before = this.#current
    if (old !== undefined && old.bytes + TrainCorrector.bytesOf(next) <= memory) {
      await this.#open(next, kept)
      await old.close()
    } else {
      await old?.close()
      this.#corrector = undefined
      try {
        await this.#open(next, kept)
      } catch (error) {
        // Now there is room for the old ones again.
        if (before !== undefined) await this.#open(before)
        throw error
      }
    }
    this.#train = train
  }

  /**
   * The cells of the frames, and those in use where the memory holds both: sets of cells may take turns. What grows does so by
   * half at least: each time all constants are loaded anew.
   */
  #sizeOf(asked: StreamFields, planned: PlannedModules, { cellIds, frames }: Omit<Needs, 'train'>): Resided {
    const { kit, inFlight, memory } = this.#options
    const { maxCells } = kit.detector
    const own = [...new Set(Array.from(cellIds, cell => residentCell(cell, kit.detector)))]
    const { cells: used = [], frames: most = 0 } = this.#current ?? {}
    const sized = (cells: readonly number[], frames: number): Resided => ({
      ...{ kit, planned, frames, inFlight, rawFrames: rawFramesAPulse(asked, kit) },
      cells: [...cells].sort((a, b) => a - b),
    })
    if (own.length === 0) return sized(used, most)
    const all = [...new Set([...used, ...own])]
    const others = Array.from({ length: maxCells }, (_, cell) => cell).filter(cell => !all.includes(cell))
    const grown = (now: number, before: number) =>
      before > 0 && now > before ? Math.max(now, Math.ceil(1.5 * before)) : now
    const wanted = [
      sized(
        [...all, ...others.slice(0, grown(all.length, used.length) - all.length)],
        grown(Math.max(most, frames), most),
      ),
      sized(all, Math.max(most, frames)),
    ]
    return wanted.find(resided => fits(resided, memory)) ?? sized(own, frames)
  }

  async #open(resided: Resided, kept: ReadonlySet<ModuleIndex> = NONE): Promise<void> {
    const { engine, cache, memory, modules, onHandedOver } = this.#options
    const { planned } = resided
    this.#options.onLoading(true)
    try {
      const corrector = new TrainCorrector({
        ...{ ...resided, engine, memory, onHandedOver },
        ...(cache && { cache }),
      })
      const failed = await corrector.loaded()
      const missed = [...failed].find(([module]) => kept.has(module))
      if (failed.size === planned.modules.size || missed !== undefined) {
        await corrector.close()
        throw (missed ?? [...failed][0])?.[1]
      }
      this.#corrector = corrector
      this.#current = resided
      this.#working = new Set([...planned.modules.keys()].filter(module => !failed.has(module)))
      this.#options.onLoaded(planned, problemsOf(planned, failed, modules))
    } finally {
      this.#options.onLoading(false)
    }
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

/** @throws ConstantsError if no module can be corrected, or not all that are to be `kept`. */
function requireModules({ modules, problems }: PlannedModules, kept: ReadonlySet<ModuleIndex> = NONE): void {
  const lost = [...kept].find(module => !modules.has(module))
  if (modules.size > 0 && lost === undefined) return
  const errors = problems.filter(({ severity }) => severity === 'error')
  const first: Problem | undefined = errors.find(({ place }) => place.module === lost) ?? errors[0]
  throw new ConstantsError(first?.message ?? 'no module can be corrected', { place: first?.place ?? {} })
}

function fits(resided: Resided, memory: number): boolean {
  try {
    return TrainCorrector.bytesOf(resided) <= memory
  } catch {
    return false
  }
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
