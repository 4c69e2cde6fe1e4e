import type { Detector } from '../../detectors/detector.js'
import type { ExdfFacts } from '../../exdf/file.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'

/** Where the value of a condition comes from; `assumed`: from none of the others. */
export type ConditionSource = 'option' | 'control data' | 'frames' | 'assumed'

/** The operating conditions of a run, as far as they are known. */
export interface RunConditions {
  /** By CalCat's parameter names; unknown ones are absent. */
  readonly values: Readonly<Record<string, number | string>>
  /** Where each of `values` comes from. */
  readonly sources: Readonly<Record<string, ConditionSource>>
  /** 0 adaptive, 1 to 3 fixed high, medium, low; undefined: control data do not say. */
  readonly gainMode: 0 | 1 | 2 | 3 | undefined
  readonly problems: readonly Problem[]
}

/** The part of a run's files that reading control data needs. */
export interface ControlFiles {
  readonly files: readonly {
    readonly path: string
    readonly controlSources: readonly string[]
    readonly facts: ExdfFacts
  }[]
}

/** Ids of the frames of one file, by row, and the rows of each train. */
export interface FramesOfFile {
  readonly pulseIds: Float64Array
  readonly cellIds: Uint16Array
  readonly trains: readonly { readonly image: { readonly first: number; readonly count: number } }[]
}

/** The part of a run that conditions can follow from. */
export interface RunPart {
  readonly detector: Detector
  readonly karaboId: string
  readonly modules: ReadonlyMap<ModuleIndex, readonly FramesOfFile[]>
  /** Raw frames of a pulse: above 1 in parallel gain. */
  readonly rawFrames: number
  /** Where it is known from whether it was parallel gain; undefined: neither from an option nor from control data. */
  readonly parallelFrom: ConditionSource | undefined
}

/** What control data say; they are read before the frames. */
export interface RunControl {
  /** Whether the run was taken in parallel gain; undefined: control data do not say. */
  readonly parallelGain?: boolean | undefined
  /** The conditions of the run, from control data and from the frames themselves. */
  conditionsOf(run: RunPart): RunConditions
}

/** Reads the control data of one detector of a run. */
export type ControlReader = (
  folder: ControlFiles,
  detector: Detector,
  karaboId: string,
) => Promise<RunControl>
