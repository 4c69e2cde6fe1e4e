import type { Detector } from '../../../detectors/detector.js'
import type { ModuleIndex } from '../../../model/ids.js'
import type { Problem } from '../../../model/problem.js'
import type { ConditionSource, ModuleFile, Run } from '../run.js'
import type { RunFolder } from '../run-folder.js'

/** What is known of the circumstances of a run. */
export interface RunConditions {
  /** By CalCat's parameter names; what is unknown is absent. */
  readonly values: Readonly<Record<string, number | string>>
  /** What tells each of `values`. */
  readonly sources: Readonly<Record<string, ConditionSource>>
  readonly gainMode: Run['gainMode']
  readonly problems: readonly Problem[]
}

/** The frames of a run, as far as conditions follow from them. */
export interface RunPart {
  readonly detector: Detector
  readonly karaboId: string
  readonly modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>
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
export type ControlReader = (folder: RunFolder, detector: Detector, karaboId: string) => Promise<RunControl>
