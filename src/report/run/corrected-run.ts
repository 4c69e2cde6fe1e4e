import type { CorrectionOutcome, ModuleOutcome } from '../../engine/run/outcome.js'
import type { Problem } from '../../model/problem.js'
import type { RunMetadata } from '../../sinks/metadata/metadata-file.js'

/** What a correction knows of what it did: all that its report tells but what the pictures show. */
export interface CorrectedRun {
  /** What its metadata file says: detector, options, constants of each module. */
  readonly content: RunMetadata
  /** Folder of the CORR files. */
  readonly folder: string
  /** Number of the run, and its proposal, if known. */
  readonly run: { readonly run: number | undefined; readonly proposal: number | undefined }
  readonly modules: readonly ModuleOutcome[]
  readonly problems: readonly Problem[]
  /** Thread time by module; absent where nobody has measured it. */
  readonly modulePhases: CorrectionOutcome['modulePhases']
}
