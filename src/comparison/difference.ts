/** The first element that two datasets do not share. */
export interface FirstDifference {
  /** Along each axis, slowest first: of an image frame, slow scan, fast scan. */
  readonly index: readonly number[]
  readonly values: readonly [string, string]
  /** Of rows of image datasets: which frame it is. */
  readonly train?: number
  readonly pulse?: number
}

/** One thing that differs between two files. */
export interface Difference {
  /** Path of the dataset or group, `/` for the file itself. */
  readonly dataset: string
  /** What of it, in words: a sentence without the full stop. */
  readonly message: string
  /** Of values: where they begin to differ, and in how many elements of how many. */
  readonly first?: FirstDifference
  readonly elements?: number
  readonly of?: number
}

/** What came of the comparison of two files. */
export interface FileComparison {
  /** Datasets that were held against each other. */
  readonly datasets: number
  readonly differences: readonly Difference[]
}
