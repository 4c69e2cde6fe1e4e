import type { Detector } from '../../detectors/detector.js'
import type { ExdfFacts } from '../../exdf/file.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'

/** What tells a condition: an option, the run's control data or its frames; or nothing does, and it is assumed. */
export type ConditionSource = 'option' | 'control data' | 'frames' | 'assumed'

/** What is known of the circumstances of a run. */
export interface RunConditions {
  /** By CalCat's parameter names; what is unknown is absent. */
  readonly values: Readonly<Record<string, number | string>>
  /** What tells each of `values`. */
  readonly sources: Readonly<Record<string, ConditionSource>>
  /** 0 adaptive, 1 to 3 fixed high, medium, low; undefined: control data do not tell. */
  readonly gainMode: 0 | 1 | 2 | 3 | undefined
  readonly problems: readonly Problem[]
}

/** Files of a run, as far as control data are read from them. */
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

/** The frames of a run, as far as conditions follow from them. */
export interface RunPart {
  readonly detector: Detector
  readonly karaboId: string
  readonly modules: ReadonlyMap<ModuleIndex, readonly FramesOfFile[]>
  /** Raw frames of a pulse: above 1 in parallel gain. */
  readonly rawFrames: number
  /** What tells whether it was parallel gain; undefined: neither an option nor control data. */
  readonly parallelFrom: ConditionSource | undefined
}

/** What control data say, read before the frames are looked at. */
export interface RunControl {
  /** Whether the run was taken in parallel gain; undefined: control data do not tell. */
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
