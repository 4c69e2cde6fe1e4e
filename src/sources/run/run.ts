import type { Detector } from '../../detectors/detector.js'
import type { ExdfFacts } from '../../exdf/file.js'
import type { DetectorKit } from '../../kits/kit.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { ConditionSource, ControlFiles } from '../conditions/reader.js'

/** Rows of a group that belong to one train: `first … first + count − 1`. */
export interface Rows {
  readonly first: number
  readonly count: number
}

/** One valid train of one file. `index` is its row in INDEX/trainId; everything else follows the id. */
export interface TrainEntry {
  readonly trainId: TrainId
  readonly index: number
  /** INDEX/flag as stored (1 valid; format 1.1 inverted on reading so that 1 is always valid); 1 where the file has none. */
  readonly flag: number
  /** INDEX/timestamp, ns since 1970 UTC; 0n where the file has none. */
  readonly timestamp: bigint
  /** INDEX/origin; -1 (time server) where the file has none. */
  readonly origin: number
  /** Set if the id does not belong among those of its file: it decides neither the order nor the coverage of files. */
  readonly stray?: true
  readonly image: Rows
  /** header, detector, trailer: whichever the file has. */
  readonly groups: Readonly<Record<string, Rows>>
}

/** One sequence file of one module, opened, checked and closed again. */
export interface ModuleFile {
  readonly path: string
  /** Size and mtime when it was opened: a file that changes while it is read is refused. */
  readonly size: number
  readonly mtimeMs: number
  readonly sequence: number
  readonly source: string
  readonly formatVersion: string
  /** Valid trains in ascending order of id, strays too: zero padding dropped, the first of duplicates kept. */
  readonly trains: readonly TrainEntry[]
  /** Rows of image/data. Some may belong to no train. */
  readonly frames: number
  /**
   * image/pulseId and image/cellId by image row, up to the last row that a train refers to. A pulse id that is no safe
   * integer is in `widePulseIds` with all its digits, as far as it is an integer; a cell id that is none of the
   * detector's is as stored or `NO_CELL`.
   */
  readonly pulseIds: Float64Array
  readonly widePulseIds?: ReadonlyMap<number, bigint>
  readonly cellIds: Uint16Array
  /** Datasets below the source, `group/name`, that are copied by row into CORR: all but image/{data,trainId,pulseId,cellId}. */
  readonly copied: readonly string[]
  /** What METADATA said, for whoever opens the file again. */
  readonly facts?: ExdfFacts
}

/** A file of the run that could not be used. Its trains are not anybody else's: no neighbour stands in for it. */
export interface DamagedFile {
  readonly path: string
  /** From METADATA, else from the file name; undefined if neither tells. */
  readonly module: ModuleIndex | undefined
  readonly sequence: number | undefined
}

/** A RAW run of one detector: which trains and frames each module has, and what is wrong with it. */
export interface Run {
  readonly path: string
  readonly detector: Detector
  /** The kit of `detector`. */
  readonly kit: DetectorKit
  /** Karabo name of the detector, `SPB_DET_AGIPD1M-1`. */
  readonly karaboId: string
  /** From METADATA, else from the file names. */
  readonly proposal: number | undefined
  readonly run: number | undefined
  /** Sequence files of each module in ascending order of their first trusted train. Modules without files are absent. */
  readonly modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>
  /** Files of this detector that were refused; each is named in `problems` too. */
  readonly damaged: readonly DamagedFile[]
  /** All files of the folder that could be read, with what METADATA says: other sources than the detector's are there. */
  readonly files: ControlFiles['files']
  /** Union of the modules' valid train ids, ascending. */
  readonly trainIds: readonly TrainId[]
  /** Operating conditions that the run tells, by CalCat's parameter names. */
  readonly conditions: Readonly<Record<string, number | string>>
  /** What tells each of `conditions`. */
  readonly conditionSources: Readonly<Record<string, ConditionSource>>
  /** `adaptive`, `high`, `medium`, `low` where control data tells. */
  readonly gainMode: 0 | 1 | 2 | 3 | undefined
  /** Raw frames of a pulse: 1, or in parallel gain one for each gain stage. `image` of a train counts pulses. */
  readonly rawFrames: number
  /** When the run was taken: first valid INDEX/timestamp, else METADATA creationDate. */
  readonly time: Date | undefined
  readonly problems: readonly Problem[]
}

/** A run of one detector, RAW or CORR: which trains and frames each module has. */
export interface StoredRun
  extends Pick<
    Run,
    'path' | 'detector' | 'kit' | 'karaboId' | 'rawFrames' | 'modules' | 'trainIds' | 'problems'
  > {
  readonly corrected: boolean
}
