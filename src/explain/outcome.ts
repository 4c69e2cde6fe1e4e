import type { Explained } from '../corrections/open/readings.js'
import type { Problem } from '../model/problem.js'

/** Where a dataset is not what readings make of it. */
export interface FirstPlace {
  readonly file: string
  readonly module: number
  readonly train: number
  readonly pulse: number
  readonly slowScan: number
  readonly fastScan: number
  readonly stored: number
  readonly made: number
}

/** A gain stage of data or gain, or a bit of the mask. */
export interface ExplainedPart {
  readonly name: string
  /** Pixels of the sample in this stage, or with this bit. */
  readonly pixels: number
  /** Pixels that the readings of the dataset do not make. */
  readonly differing: number
  /** Of data: largest difference of two numbers, ADU. */
  readonly largest?: number
  readonly first?: FirstPlace
  /** Names of readings that make this part, if those of the dataset do not; absent: none do. */
  readonly readings?: readonly string[]
}

/** What a dataset of images was made by. */
export interface ExplainedDataset {
  readonly dataset: Explained
  /** Whether it is made to the last bit. */
  readonly exact: boolean
  /** Names of the readings that make it, or come nearest; none: as decided. */
  readonly readings: readonly string[]
  /** Other readings that make it as well. */
  readonly instead: readonly (readonly string[])[]
  /** Readings that change nothing in these frames. */
  readonly undecided: readonly string[]
  /** Sets of readings that were tried. */
  readonly tried: number
  readonly parts: readonly ExplainedPart[]
}

/** What came of a search for the readings by which files of the facility were made. A value: it is printed as it is. */
export interface Explanation {
  /** Whether all datasets are made to the last bit. */
  readonly exact: boolean
  readonly detector: string
  readonly karaboId: string
  /** Steps that are done, of each module. */
  readonly steps: Readonly<Record<string, readonly string[]>>
  readonly datasets: readonly ExplainedDataset[]
  /** Datasets that are not there, or of another type, and so not explained. */
  readonly notExplained: readonly Explained[]
  /** The frames that were looked at. */
  readonly frames: readonly {
    readonly module: number
    readonly train: number
    readonly pulse: number
    readonly cell: number
  }[]
  /** Frames of the modules looked at that both runs have, and that one has alone. */
  readonly shared: number
  readonly rawOnly: number
  readonly correctedOnly: number
  /** Readings that the report names, with what they mean. */
  readonly about: Readonly<Record<string, string>>
  readonly problems: readonly Problem[]
}
