import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Lane } from '../memory/lane.js'
import type { CombinedFile } from '../sinks/combined-file.js'
import { CorrectedFile } from '../sinks/corrected-file.js'
import type { OutputFolder } from '../sinks/output-folder.js'
import type { ModuleProvenance, Provenance } from '../sinks/provenance.js'
import type { CacheUse } from './cache-use.js'
import type { FramePlaces } from './frames.js'
import { failedSequence, type ModuleOutcome, moduleOutcome, type SequenceOutcome } from './outcome.js'
import type { CorrectionPlan, ModulePlan, SequencePlan } from './plan.js'
import { StoppedError, type WorkerPool } from './pool.js'
import { ResidentConstants } from './resident-constants.js'
import { LaneScheduler, type SlotJob } from './scheduler.js'
import { SequenceRun } from './sequence-run.js'
import type { PhaseTotals } from './statistics.js'

/** What all modules of a run share. */
export interface RunContext {
  readonly plan: CorrectionPlan
  readonly pool: WorkerPool
  readonly folder: OutputFolder
  readonly combined: CombinedFile | undefined
  readonly provenance: Provenance
  readonly phases: PhaseTotals
  /** The constants cache, if one is used. */
  readonly cache: CacheUse | undefined
  readonly signal: AbortSignal
  /** Numbers for tasks, unique in the engine. */
  readonly ids: () => number
  /** Told of every finished block. */
  readonly onFrames: (frames: number) => void
}

/**
 * Takes one module through one lane: constants in, then all its sequences block by block, and constants packed. Sequences follow one
 * another without a gap: the next file is opened while the last blocks of the one before are in flight.
 */
export class ModuleRun {
  readonly #module: ModulePlan
  readonly #constants: ResidentConstants
  readonly #context: RunContext
  readonly #scheduler: LaneScheduler
  readonly #outcomes: Promise<SequenceOutcome>[] = []
  /** The first sequence, opened while the constants are loaded or before. */
  #first: Promise<SequenceRun | undefined> | undefined
  /** It was, and perhaps is done with by now: never open it again. */
  #opened = false

  constructor(module: ModulePlan, lane: Lane, context: RunContext) {
    this.#module = module
    this.#context = context
    this.#scheduler = new LaneScheduler(lane, context.ids)
    this.#constants = new ResidentConstants(module, lane, this.#scheduler, {
      ...context,
      detector: context.plan.detector,
      lanes: context.plan.lanes.count,
      software: context.provenance.software,
    })
  }

  /** Opens the first file, for a run that is due soon; who does not run it then must {@link abandon} it. */
  prepare(): void {
    const [first] = this.#module.sequences
    if (first !== undefined && !this.#opened) this.#first = this.#open(first)
    this.#opened = true
  }

  /** Leaves nothing of what was prepared. */
  async abandon(error: unknown): Promise<void> {
    this.#opened = true
    const opened = await this.#first
    opened?.fail(error)
    await opened?.finish()
  }

  /**
   * Resolves when the lane is free for another module; the files' ends are written and flushed meanwhile.
   * @param lastGiven called when the last block is in a worker's hands.
   * @returns what became of it, once its files are done. @throws StoppedError once the run's signal is aborted; every
   * other failure is in the outcome.
   */
  async run(lastGiven: () => void): Promise<{ readonly outcome: Promise<ModuleOutcome> }> {
    const { module, sequences } = this.#module
    let missingCells: readonly number[]
    try {
      missingCells = await this.#constants.load(() => this.prepare())
    } catch (error) {
      await this.abandon(error)
      if (error instanceof StoppedError) throw error
      const failed = sequences.map(({ joined: { file, trains, frames } }) =>
        failedSequence(file.path, trains.length, frames, error),
      )
      return { outcome: Promise.resolve(moduleOutcome(module, failed, [])) }
    }
    try {
      await this.#scheduler.run(this.#blockJobs(lastGiven), this.#context.signal)
    } catch (error) {
      await Promise.allSettled(this.#outcomes)
      throw error
    } finally {
      this.#constants.close()
    }
    const outcome = Promise.all(this.#outcomes).then(all => moduleOutcome(module, all, missingCells))
    return { outcome }
  }

  async *#blockJobs(lastGiven: () => void): AsyncGenerator<SlotJob> {
    this.prepare()
    for (const plan of this.#module.sequences) {
      const run = await (this.#first ?? this.#open(plan))
      this.#first = undefined
      if (run === undefined) continue
      const inFlight = new InFlight()
      // Settles when the last block is in; pushed first, so that stopping halfway still closes the file.
      this.#outcomes.push(inFlight.drained.then(() => this.#finish(run)))
      try {
        for (const block of run.blocks(this.#context.plan.lanes.block)) {
          if (run.failed) break
          inFlight.enter()
          yield this.#job(run, block, inFlight)
        }
      } finally {
        inFlight.close()
      }
    }
    lastGiven()
    yield* this.#constants.packJobs()
  }

  #places(): FramePlaces {
    const { detector, combined } = this.#context.plan
    const { module, cells } = this.#module
    return { module, moduleCount: detector.moduleCount, cells, combinedFirst: combined?.firstFrames }
  }

  async #open(plan: SequencePlan): Promise<SequenceRun | undefined> {
    const { folder, combined, provenance } = this.#context
    let corrected: CorrectedFile | undefined
    try {
      if (plan.output !== undefined) {
        const module = moduleProvenance(this.#module)
        const { run } = this.#context.plan
        corrected = await CorrectedFile.create(folder, plan.output, {
          joined: plan.joined,
          run,
          software: provenance,
          module,
        })
      }
      return SequenceRun.open(plan, this.#places(), { corrected, combined }, this.#module.chain.rawFrames)
    } catch (error) {
      corrected?.discard()
      this.#outcomes.push(
        Promise.resolve(
          failedSequence(plan.joined.file.path, plan.joined.trains.length, plan.joined.frames, error),
        ),
      )
      return undefined
    }
  }

  #job(run: SequenceRun, block: Parameters<SequenceRun['task']>[0], inFlight: InFlight): SlotJob {
    const { pool, phases, onFrames } = this.#context
    const { module, chain } = this.#module
    return {
      name: `module ${module}, a block of ${block.cells.length} frames`,
      run: async assignment => {
        const result = await pool.run(
          'correctBlock',
          run.task(block, assignment, {
            module,
            kernel: chain.kernel,
            planes: chain.planes.length,
            ...(chain.maskPlane === undefined ? {} : { maskPlane: chain.maskPlane }),
            rawFrames: chain.rawFrames,
          }),
        )
        run.record(result)
        phases.merge(result.times)
        onFrames(block.cells.length)
        inFlight.leave()
      },
      failed: error => {
        run.fail(error)
        inFlight.leave()
      },
    }
  }

  async #finish(run: SequenceRun): Promise<SequenceOutcome> {
    const { signal, phases } = this.#context
    // Whoever waits for the lane hands out its work first.
    await nextTurn()
    if (signal.aborted) run.fail(new StoppedError('stopped'))
    const start = process.hrtime.bigint()
    const outcome = await run.finish()
    phases.add('finish', Number(process.hrtime.bigint() - start), 0)
    return outcome
  }
}

function moduleProvenance({ chain, constants }: ModulePlan): ModuleProvenance {
  const entries = [...constants.constants].map(([name, { path, dataset, sha256 }]) => [
    name,
    { file: path, dataset, sha256 },
  ])
  return { steps: chain.steps, constants: Object.fromEntries(entries) }
}

/** Counts blocks in flight; `drained` resolves when it is closed and the last has left. */
class InFlight {
  readonly drained: Promise<void>
  #count = 1
  #resolve: () => void = () => {}

  constructor() {
    this.drained = new Promise(resolve => {
      this.#resolve = resolve
    })
  }

  enter(): void {
    this.#count++
  }

  leave(): void {
    if (--this.#count === 0) this.#resolve()
  }

  close(): void {
    this.leave()
  }
}
