import type { ModuleConstants } from '../../../constants/catalogue/catalogue.js'
import type { WrittenFile } from '../../../constants/catalogue/import-request.js'
import { darkDescriptions } from '../../../constants/dark/arrays.js'
import type { StageEvaluation } from '../../../constants/dark/bad-pixels.js'
import { gainOrderProblem } from '../../../constants/dark/gain-order.js'
import { outliersOf } from '../../../constants/dark/outliers.js'
import { BIN, type StagePreview } from '../../../constants/dark/preview.js'
import { rawPlanesOf, stageText } from '../../../constants/dark/recipe.js'
import { type StageSummary, summarise } from '../../../constants/dark/summary.js'
import { type ConstantSource, locateConstant } from '../../../constants/files/source.js'
import { declareConstants, storedAs } from '../../../constants/files/write.js'
import { pixelsOf } from '../../detectors/detector.js'
import { flushed } from '../../files/publish.js'
import type { Lane } from '../../memory/lane.js'
import { DataError, isDetcalError } from '../../model/errors.js'
import { StoppedError } from '../../model/interruptions.js'
import type { Problem } from '../../model/problem.js'
import type { Assignment } from '../contract/assignment.js'
import type { Engine } from '../threads/engine.js'
import type { Job, RunStop } from '../threads/job.js'
import { countOf, type ModuleFrames } from './frames.js'
import { OpenFiles } from './open-files.js'
import type { DarkModule } from './outcome.js'
import type { DarkModulePlan, DarkPlan } from './plan.js'
import {
  darkDifference,
  darkEvaluate,
  darkPreview,
  darkStatistics,
  darkWrite,
  type StatisticsTask,
} from './tasks.js'

/** Tasks of a module that each worker should have at least. */
const TASKS_A_WORKER = 8

/** What all modules share. */
export interface DarkContext {
  readonly plan: DarkPlan
  readonly engine: Engine
  readonly stop: RunStop
  /** Who makes the constants, as the constants state it. */
  readonly software: string
  /** Where a module's constants are written, until all of them enter the catalogue. */
  readonly pathOf: (module: DarkModulePlan) => string
  /** The constants that a module had before. */
  readonly previous: (module: DarkModulePlan) => ModuleConstants | undefined
  /** Told how many rows of frames are done, of frames × rows of a module. */
  readonly onRows: (rows: number) => void
}

/** Takes one module through one lane: statistics of all cells, evaluation, then its file and its previews. */
export class DarkModuleRun {
  readonly #module: DarkModulePlan
  readonly #context: DarkContext
  readonly #lane: Lane
  readonly #notWritten: Problem[] = []

  constructor(module: DarkModulePlan, lane: Lane, context: DarkContext) {
    this.#module = module
    this.#context = context
    this.#lane = lane
  }

  /**
   * @throws DataError if a file cannot be read or the runs are not those of their stages; StoppedError once the
   * signal is aborted; OutputError if the constants cannot be written.
   */
  async run(): Promise<DarkModule> {
    const { module, pdu } = this.#module
    const { plan, pathOf, software } = this.#context
    const statements = { conditions: {}, places: [], software }
    const descriptions = darkDescriptions(plan.detector, plan.recipe, this.#module.cells, pdu).map(
      description => ({ ...description, statements }),
    )
    declareConstants(pathOf(this.#module), descriptions)
    const stages = await this.#statistics()
    const wrong = gainOrderProblem(plan.recipe, stages)
    if (wrong !== undefined)
      throw new DataError(wrong, {
        place: { module },
        hint: 'Compare what detcal inspect says of the raw gain of each run',
      })
    const { file, previews, previous, problems } = await this.#finish()
    const pixels = pixelsOf(plan.detector)
    const outliers = stages.flatMap((summary, stage) => {
      const preview = previews[stage]
      return preview ? outliersOf(summary, preview, BIN, pixels) : []
    })
    // In the order in which readers of the file find them.
    const constants = descriptions.map(storedAs).sort((a, b) => (a.dataset < b.dataset ? -1 : 1))
    return {
      module,
      pdu,
      written: { ...file, constants },
      stages,
      previews,
      outliers,
      problems: [...this.#notWritten, ...problems],
      ...(previous && { previous }),
    }
  }

  /** Statistics of all cells; each cell is evaluated when its own are complete. */
  async #statistics(): Promise<StageSummary[]> {
    const { plan, engine, onRows } = this.#context
    const evaluations: (readonly StageEvaluation[] | undefined)[] = Array.from({ length: this.#module.cells })
    const files = OpenFiles.open(this.#module.stages)
    try {
      const stages = this.#written(files)
      const parts = this.#parts(files, stages)
      const waiting = Array.from(evaluations, () => new Set<(typeof parts)[number]>())
      for (const part of parts) waiting[part.task.cell]?.add(part)
      const evaluate = async (cell: number, assignment: Assignment) => {
        const frames = stages.map(({ cells }) => countOf(cells.get(cell) ?? []))
        const { limits } = plan
        const task = { ...assignment, ...this.#common(), cell, frames, limits }
        evaluations[cell] = await engine.pool.run(darkEvaluate, task)
      }
      const jobs = parts.map(part => {
        const { cell, stage, slowScan: rows } = part.task
        return this.#job(`cell ${cell}${stageText(plan.recipe.stages[stage], ', ')}`, async assignment => {
          await engine.pool.run(darkStatistics, { ...assignment, ...part.task })
          waiting[cell]?.delete(part)
          if (waiting[cell]?.size === 0) await evaluate(cell, assignment)
          onRows(part.frames * (rows[1] - rows[0]))
        })
      })
      const absent = [...waiting.keys()].filter(cell => waiting[cell]?.size === 0)
      await this.#runAll([
        ...jobs,
        ...absent.map(cell => this.#job(`evaluating cell ${cell}`, assignment => evaluate(cell, assignment))),
      ])
    } finally {
      files.close()
    }
    return summarise(plan.recipe, evaluations, pixelsOf(plan.detector))
  }

  /** The frames of each stage that were written; the others are named. @throws DataError if a stage has none. */
  #written(files: OpenFiles): ModuleFrames[] {
    const { module, stages } = this.#module
    const { recipe } = this.#context.plan
    return stages.map((stage, i) => {
      const written = files.written(stage)
      const missing = stage.frames - written.frames
      const [file] = stage.files
      const place = { module, ...(file ? { file: file.path } : {}) }
      if (written.frames === 0)
        throw new DataError(
          `no frame${stageText(recipe.stages[i], ' of ')} was ever written, though INDEX counts ${missing}`,
          {
            place,
            hint: 'Take this dark run again, or leave the module out',
          },
        )
      if (missing > 0)
        this.#notWritten.push({
          check: 'frames_written',
          severity: 'error',
          message: `${missing} of ${stage.frames} frames${stageText(recipe.stages[i], ' of ')} were never written, though INDEX counts them: left out of the statistics`,
          place,
        })
      return written
    })
  }

  /** What is to be reduced, and how many frames each counts for. */
  #parts(
    files: OpenFiles,
    stages: readonly ModuleFrames[],
  ): { readonly task: Omit<StatisticsTask, keyof Assignment>; readonly frames: number }[] {
    const { recipe, lanes, workers, detector: whole } = this.#context.plan
    const { rawPlanes, slowScan, fastScan } = whole
    const detector = { rawPlanes, slowScan, fastScan }
    // One task a cell and stage, but enough for all workers to be done at about the same time.
    const tasks = stages.reduce((sum, { cells }) => sum + cells.size, 0)
    const height = Math.max(lanes.stripRows, lanes.sumRows)
    const step = height * Math.ceil(slowScan / Math.ceil((TASKS_A_WORKER * workers) / tasks) / height)
    return stages.flatMap(({ cells }, stage) =>
      [...cells].flatMap(([cell, rows]) => {
        const frames = files.sources(rows)
        const count = countOf(rows)
        const planes = rawPlanesOf(recipe).map(plane =>
          // Only a median needs all frames at once.
          plane === recipe.signal.plane
            ? { plane, height: lanes.stripRows, atOnce: count }
            : { plane, height: lanes.sumRows, atOnce: lanes.sumFrames },
        )
        return range(0, slowScan, step).map(from => {
          const slowScan = [from, Math.min(from + step, whole.slowScan)] as const
          return { task: { detector, recipe, cell, stage, planes, slowScan, frames }, frames: count }
        })
      }),
    )
  }

  async #finish(): Promise<
    Pick<DarkModule, 'previews' | 'previous' | 'problems'> & {
      readonly file: Pick<WrittenFile, 'content' | 'checksums'>
    }
  > {
    const { plan, engine, pathOf } = this.#context
    const { module, pdu } = this.#module
    const previews: StagePreview[] = []
    const problems: Problem[] = []
    let file: Pick<WrittenFile, 'content' | 'checksums'> | undefined
    let previous: DarkModule['previous']
    let onDisk: Promise<void> | undefined
    await this.#runAll([
      this.#job('writing its constants', async assignment => {
        const path = pathOf(this.#module)
        file = await engine.pool.run(darkWrite, { ...assignment, ...this.#common(), pdu, path })
        // The disk has it while the threads go on.
        onDisk = flushed(path)
        // Whoever waits for it hears of it.
        onDisk.catch(() => {})
      }),
      ...plan.recipe.stages.map((name, stage) =>
        this.#job(`previewing${stageText(name, ' ')}`, async assignment => {
          previews[stage] = await engine.pool.run(darkPreview, { ...assignment, ...this.#common(), stage })
        }),
      ),
      this.#job('comparing with the constants before', async assignment => {
        try {
          previous = await this.#compare(assignment)
        } catch (error) {
          // What was before is no condition of what is now.
          if (!isDetcalError(error, 'constants')) throw error
          const message = `not compared with the constants before: ${error.line}`
          problems.push({ check: 'dark_previous', severity: 'warning', message, place: { module } })
        }
      }),
    ])
    if (file === undefined) throw new StoppedError()
    await onDisk
    return { file, previews, problems, ...(previous && { previous }) }
  }

  async #compare(assignment: Assignment): Promise<DarkModule['previous']> {
    const { plan, engine, previous } = this.#context
    const found = previous(this.#module)
    const sources = new Map<string, ConstantSource>()
    for (const name of ['Offset', 'Noise', 'BadPixelsDark']) {
      const version = found?.constants.get(name)
      if (version) sources.set(name, await locateConstant(plan.detector, version, this.#module.module))
    }
    const [name] = sources.keys()
    const beginAt = found?.constants.get(name ?? '')?.beginAt
    if (beginAt === undefined) return undefined
    const stages = await engine.pool.run(darkDifference, {
      ...assignment,
      ...this.#common(),
      previous: sources,
    })
    return { beginAt, stages }
  }

  #common() {
    const { detector, recipe } = this.#context.plan
    return { detector, recipe, cells: this.#module.cells }
  }

  #job(what: string, run: Job['run']): { name: string; run: Job['run'] } {
    return { name: `module ${this.#module.module}, ${what}`, run }
  }

  /** Runs jobs on the lane's slots until all are done or one failed. @throws what the first failed with. */
  async #runAll(jobs: readonly { name: string; run: Job['run'] }[]): Promise<void> {
    const errors: unknown[] = []
    async function* untilFailed(): AsyncGenerator<Job> {
      for (const job of jobs) {
        if (errors.length > 0) return
        yield { ...job, failed: error => void errors.push(error) }
      }
    }
    const { engine, stop } = this.#context
    await engine.dispatcher.run(this.#lane, untilFailed(), stop)
    if (errors.length > 0) throw errors[0]
  }
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)
}
