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
import { type FrameFilter, framesTaken } from '../sources/run/frame-filter.js'
import { residentCell, TrainCorrector, type TrainCorrectorOptions } from './train-corrector.js'
import { type TrainFacts, trainFactsOf, whyOthers } from './train-facts.js'
import type { StreamedTrain } from './train-joiner.js'
import { Turns } from './turns.js'

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
  /** Told why a train needs constants to be looked up anew. */
  readonly onOthers: (why: string, train: number) => void
}

const NONE: ReadonlySet<ModuleIndex> = new Set()

/** What is resident. */
type Resided = Pick<TrainCorrectorOptions, 'kit' | 'planned' | 'cells' | 'frames' | 'inFlight' | 'rawFrames'>

/** What frames need: constants of these cells, for so many at a time. */
interface Needs {
  readonly cellIds: ArrayLike<number>
  readonly frames: number
}
const AS_BEFORE: Needs = { cellIds: [], frames: 0 }

/** Constants that could not be had, and until when they are not tried again. */
interface Failure {
  readonly key: string
  readonly error: unknown
  readonly until: number
}

/** ms for which nothing is tried again after constants could not be had. */
const PATIENCE = 5000

/**
 * The constants in use. They are replaced between two trains, when steps or the catalogue change or frames of other cells or
 * other conditions come; trains that come meanwhile wait. New ones are loaded beside the old ones, where the memory holds both,
 * else in their place. What cannot be had leaves the old ones in use, and costs the trains that need it.
 */
export class Resident {
  readonly #options: ResidentOptions
  #asked: StreamFields
  #corrector: TrainCorrector | undefined
  /** What it was made of. */
  #current: Resided | undefined
  /** Modules that it corrects. */
  #working: ReadonlySet<ModuleIndex> = NONE
  /** The train that constants in use were looked up for, and the one that came last. */
  #inUse: TrainFacts | undefined
  #last: TrainFacts | undefined
  /** A train has come that constants in use are not for. */
  #outdated = false
  #failure: Failure | undefined
  /** Replacing and using follow one another. */
  readonly #turns = new Turns()

  constructor(asked: StreamFields, options: ResidentOptions) {
    this.#asked = asked
    this.#options = options
  }

  get planned(): PlannedModules | undefined {
    return this.#current?.planned
  }

  /**
   * Starts `work` with what corrects frames of a train, once the constants of its cells and conditions are in memory.
   * @param frames indices of the frames.
   * @returns what `work` returns, as soon as it has: wait for its end outside.
   * @throws ConstantsError or UsageError if the constants cannot be had, for want of memory too.
   */
  use<T>(
    train: StreamedTrain,
    frames: readonly number[],
    work: (corrector: TrainCorrector) => T,
  ): Promise<T> {
    return this.#turns.take(async () => {
      const facts = await this.#factsOf(train)
      const why = this.#whyOthers(facts)
      this.#last = facts
      if (why !== undefined) {
        this.#outdated = true
        this.#options.onOthers(why, train.train)
      }
      await this.#have(facts, needsOf(facts, frames))
      if (this.#corrector === undefined) throw new Error('nothing corrects')
      return work(this.#corrector)
    })
  }

  /**
   * Has in memory what a filter takes of the last train, before the filter is in force.
   * @throws as {@link use}: what was in use still is.
   */
  prepare(filter: FrameFilter): Promise<void> {
    return this.#turns.take(async () => {
      const facts = this.#last
      if (facts === undefined || this.#corrector === undefined) return
      this.#failure = undefined
      await this.#have(facts, needsOf(facts, framesTaken(filter, facts)))
    })
  }

  /**
   * Other steps, or the same with constants looked up and loaded anew, for the time and the conditions of the last train.
   * @throws UsageError, ConstantsError: what was in use still is.
   */
  change(asked: StreamFields): Promise<void> {
    return this.#turns.take(async () => {
      this.#failure = undefined
      if (this.#last !== undefined) await this.#replace(asked, this.#last, AS_BEFORE, this.#working)
      this.#asked = asked
    })
  }

  async close(): Promise<void> {
    await this.#turns.take(async () => this.#corrector?.close())
  }

  #factsOf(train: StreamedTrain): Promise<TrainFacts> {
    return trainFactsOf(train, this.#options, rawFramesAPulse(this.#asked, this.#options.kit))
  }

  #whyOthers(facts: TrainFacts): string | undefined {
    if (this.#inUse === undefined || this.#last === undefined) return undefined
    return whyOthers(facts, this.#last, this.#inUse, this.#asked)
  }

  /** Has constants in memory for frames of a train. */
  async #have(facts: TrainFacts, needs: Needs): Promise<void> {
    if (!this.#outdated && this.#corrector?.holds(Uint16Array.from(needs.cellIds), needs.frames) === true)
      return
    const key = JSON.stringify([facts.conditions.values, Array.from(needs.cellIds)])
    const { error, until = 0 } = this.#failure?.key === key ? this.#failure : {}
    if (performance.now() < until) throw error
    try {
      await this.#replace(this.#asked, facts, needs)
    } catch (error) {
      this.#failure = { key, error, until: performance.now() + PATIENCE }
      throw error
    }
  }

  /** @param kept modules that must be corrected still. */
  async #replace(
    asked: StreamFields,
    facts: TrainFacts,
    needs: Needs,
    kept: ReadonlySet<ModuleIndex> = NONE,
  ): Promise<void> {
    const { kit, karaboId, modules, memory } = this.#options
    const { conditions, time } = facts
    const at = asked.at ?? time.toISOString()
    const planned = await planModules({ ...asked, at }, { kit, karaboId, modules, conditions })
    requireModules(planned, kept)
    const next = this.#sizeOf(asked, planned, needs)
    TrainCorrector.requireMemory(next, memory)
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
    this.#inUse = facts
    this.#outdated = false
  }

  /**
   * The cells of the frames, and those in use where the memory holds both: sets of cells may take turns. What grows does so by
   * half at least: each time all constants are loaded anew.
   */
  #sizeOf(asked: StreamFields, planned: PlannedModules, { cellIds, frames }: Needs): Resided {
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
}

function needsOf({ cellIds }: TrainFacts, frames: readonly number[]): Needs {
  return { cellIds: frames.map(frame => cellIds[frame] ?? 0), frames: frames.length }
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
