import type { FileComparison } from '../comparison/difference.js'
import type { Problem } from '../model/problem.js'

/** What became of one CORR file that the metadata file names. */
export interface ReproducedFile extends FileComparison {
  readonly file: string
  readonly module: number
  /** `missing`: it is not there any more; `not reproduced`: nothing could be made to hold it against. */
  readonly status: 'equal' | 'different' | 'missing' | 'not reproduced'
}

/** What became of one constant that the metadata file names. */
export interface ConstantFinding {
  readonly module: string
  readonly calibration: string
  readonly file: string
  /** `/<PDU>/<Calibration>/<index>`. */
  readonly dataset: string
  /**
   * `different`: its file is not what was used then. `beside`: nor is its file, but its own elements are. `unknown`: the
   * metadata file has no checksum of it.
   */
  readonly status: 'equal' | 'different' | 'beside' | 'missing' | 'unknown'
  /** Of a different one: what its catalogue says of its elements. */
  readonly where?: string
}

/** What came of a correction that was made once more. A value: it is printed as it is. */
export interface Reproduction {
  /** Whether every file that the metadata file names was reproduced, and is equal. */
  readonly equal: boolean
  readonly metadata: string
  /** Folder of the RAW files. */
  readonly run: string
  /** Which build made the files then. */
  readonly madeBy: string
  readonly created: string
  readonly files: readonly ReproducedFile[]
  readonly constants: readonly ConstantFinding[]
  readonly problems: readonly Problem[]
}
