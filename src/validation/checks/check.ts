import type { Detector } from '../../detectors/detector.js'
import type { ExdfFile } from '../../exdf/file.js'
import type { ExactNumbers } from '../../hdf5/index.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { StoredPart } from '../../sources/run/same-frames.js'

/** What a check found; the runner adds the check's name and, for file checks, the file. */
export interface Finding {
  readonly message: string
  readonly severity?: 'warning' | 'error'
  readonly file?: string
  readonly dataset?: string
  readonly module?: number
  readonly train?: number
}

/** Input of file checks: one open file, with what several of them need. */
export interface FileContext {
  readonly exdf: ExdfFile
  /** INDEX/trainId as stored, zeros and impossible ids included. */
  readonly trainIds: Float64Array
  readonly trainColumn: ExactNumbers
  /** Detector modules in it; a corrected file's raw alias is not listed. */
  readonly modules: readonly ModuleInFile[]
}

export interface ModuleInFile {
  readonly detector: Detector
  readonly karaboId: string
  readonly module: ModuleIndex
  readonly source: string
  readonly corrected: boolean
}

/** What is kept of a file for the checks that compare files. */
export interface FileFacts {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly controlSources: readonly string[]
  readonly instrumentSources: readonly string[]
  /** `detcal_options` of a corrected file of detcal. */
  readonly options: string | undefined
  /** Ids that are not 0, in file order. */
  readonly trainIds: readonly number[]
  readonly modules: readonly (ModuleInFile & PulseFacts)[]
}

/** What is kept of the ids of a module's frames. */
export interface PulseFacts {
  /** Pulses and cells of each train, from row 0 on; trains without frames have none. */
  readonly parts: ReadonlyMap<TrainId, StoredPart>
  /** Trains of a raw file whose ids restart as in parallel gain. */
  readonly anew: readonly number[]
}

/** Input of run checks: all files that could be read, closed again. */
export interface FolderContext {
  /** The folder; undefined when a single file is checked. */
  readonly folder: string | undefined
  readonly files: readonly FileFacts[]
}

interface Named {
  /** As `--skip` takes it; European XFEL's name where its validator has the same check. */
  readonly name: string
  /** For `--list`: what is wrong when it finds something. */
  readonly describe: string
}

/** A check of one file at a time. */
export interface FileCheck extends Named {
  readonly scope: 'file'
  run(context: FileContext): Iterable<Finding>
}

/** A check of the files together. */
export interface RunCheck extends Named {
  readonly scope: 'run'
  run(context: FolderContext): Iterable<Finding> | Promise<Iterable<Finding>>
}

export type Check = FileCheck | RunCheck
