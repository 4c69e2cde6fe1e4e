import type { Detector } from '../../detectors/detector.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { ModuleFile } from '../../sources/run/run.js'

/** A run that can be replayed: which trains and frames each module has, RAW or CORR. */
export interface ReplayRun {
  readonly path: string
  readonly detector: Detector
  readonly karaboId: string
  readonly corrected: boolean
  /** Frames that are stored for one that `image` of a train counts: 1; RAW in parallel gain one for each stage. */
  readonly rawFrames: number
  readonly modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>
  /** Union of the modules' trains, ascending. */
  readonly trainIds: readonly TrainId[]
  readonly problems: readonly Problem[]
}
