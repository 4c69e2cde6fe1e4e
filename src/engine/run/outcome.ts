import { join } from 'node:path'
import { type ErrorRecord, recordOf } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { type FramesNotWritten, notWrittenProblem } from '../../sources/run/frames-written.js'
import type { DamagedFile } from '../../sources/run/run.js'
import type { PhaseTimes } from '../contract/phase-times.js'
import { NO_PIXELS, type PixelCounts, sumOfCounts } from '../contract/pixel-counts.js'
import type { CacheReport, NoCache } from './cache-use.js'
import type { RunCost } from './running.js'

/** What became of one RAW file. */
export interface SequenceOutcome {
  readonly input: string
  /** The CORR file; absent if it failed or none was asked for. */
  readonly output?: string
  readonly trains: number
  readonly frames: number
  readonly status: 'corrected' | 'failed'
  readonly error?: ErrorRecord
  /** Gain stages and masks of its pixels; absent if it failed. */
  readonly pixels?: PixelCounts
  /** Frames that INDEX counts, but nobody wrote: corrected as the fill value, and marked. Absent: none. */
  readonly notWritten?: FramesNotWritten
}

/** What became of one module: `partial` if some of its sequences failed. */
export interface ModuleOutcome {
  readonly module: ModuleIndex
  readonly status: 'corrected' | 'partial' | 'failed'
  readonly sequences: readonly SequenceOutcome[]
  /** Cells without constants: their frames are NaN, bit 3 set. */
  readonly cellsWithoutConstants: readonly number[]
}

/** What became of a run. A value: it is printed, stored and sent as it is. */
export interface CorrectionOutcome extends RunCost {
  readonly modules: readonly ModuleOutcome[]
  readonly combined?: string
  /** CORR files that an earlier attempt had finished, and that were kept; absent: there was none to go on with. */
  readonly keptFiles?: readonly string[]
  /** Absent if nothing could be corrected, and of a part. */
  readonly metadata?: string
  readonly problems: readonly Problem[]
  readonly phases: PhaseTimes
  /** The same of each module. */
  readonly modulePhases: readonly { readonly module: number; readonly phases: PhaseTimes }[]
  /** Absent if no constants cache was asked for. */
  readonly constantsCache?: CacheReport | NoCache
  /** The GPU, and the module frames that were corrected on it; absent: none was used. */
  readonly device?: { readonly name: string; readonly frames: number }
}

/** Module frames that were corrected: those of a file that failed are not. */
export function framesCorrected(modules: readonly ModuleOutcome[]): number {
  const done = modules.flatMap(({ sequences }) => sequences.filter(({ status }) => status === 'corrected'))
  return done.reduce((sum, { frames }) => sum + frames, 0)
}

/** Counts of the pixels that were corrected, of some modules together. */
export function pixelsOfModules(modules: readonly ModuleOutcome[]): PixelCounts {
  return modules
    .flatMap(({ sequences }) => sequences.flatMap(({ pixels }) => pixels ?? []))
    .reduce(sumOfCounts, NO_PIXELS)
}

/** The status of a module from those of its sequences. */
export function moduleOutcome(
  module: ModuleIndex,
  sequences: readonly SequenceOutcome[],
  cellsWithoutConstants: readonly number[],
): ModuleOutcome {
  const failed = sequences.filter(({ status }) => status === 'failed').length
  const status = failed === 0 ? 'corrected' : failed === sequences.length ? 'failed' : 'partial'
  return { module, status, sequences, cellsWithoutConstants }
}

/** Failed sequences as problems, each naming its file and cause; what failed for one reason is one problem. */
export function problemsOf(outcomes: readonly ModuleOutcome[]): Problem[] {
  const problems = outcomes.flatMap(({ module, sequences }) =>
    sequences.flatMap(({ error, input }) =>
      error === undefined
        ? []
        : [
            {
              check: 'correction_failed',
              severity: 'error' as const,
              message: error.hint ? `${error.message}. ${error.hint}` : error.message,
              place: { file: input, module, ...error.place },
            },
          ],
    ),
  )
  return [...new Map(problems.map(problem => [JSON.stringify(problem), problem])).values()]
}

/** Frames that were not written, by file. */
export function notWrittenOf(outcomes: readonly ModuleOutcome[]): Problem[] {
  return outcomes.flatMap(({ module, sequences }) =>
    sequences.flatMap(({ notWritten, input }) =>
      notWritten === undefined ? [] : [notWrittenProblem(notWritten, MARKED, { file: input, module })],
    ),
  )
}

/** CORR files of an earlier correction that stay beside the new ones, though they were made with other options. */
export function keptProblems(
  kept: readonly {
    readonly name: string
    readonly module: number
    readonly otherOptions: readonly string[]
  }[],
  folder: string,
): Problem[] {
  return kept
    .filter(({ otherOptions }) => otherOptions.length > 0)
    .map(({ name, module, otherOptions }) => ({
      check: 'earlier_file_kept',
      severity: 'warning' as const,
      message: `is of an earlier correction with other ${otherOptions.join(', ')}, as the metadata file says. Remove it, or correct the whole module again`,
      place: { file: join(folder, name), module },
    }))
}

const MARKED = 'corrected as the fill value, mask bit 12'

/** The outcome with the module's files that could not even be opened, as `problems` tell of them. */
export function withUnusableFiles(
  outcome: ModuleOutcome,
  damaged: readonly DamagedFile[],
  problems: readonly Problem[],
): ModuleOutcome {
  const { module, sequences, cellsWithoutConstants } = outcome
  const failed = damaged
    .filter(file => file.module === module)
    .flatMap(({ path }): SequenceOutcome[] => {
      const problem = problems.find(
        ({ severity, place }) =>
          severity === 'error' && place.file === path && (place.module ?? module) === module,
      )
      if (problem === undefined) return []
      const { message, place } = problem
      return [{ input: path, trains: 0, frames: 0, status: 'failed', error: { tag: 'data', message, place } }]
    })
  return moduleOutcome(module, [...sequences, ...failed], cellsWithoutConstants)
}

/** The record of a failed sequence. */
export function failedSequence(
  input: string,
  trains: number,
  frames: number,
  error: unknown,
): SequenceOutcome {
  return { input, trains, frames, status: 'failed', error: recordOf(error) }
}
