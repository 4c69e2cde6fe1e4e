/** A small dataset: one of the library's, or of the direct reader's. */
export interface ReadableDataset {
  readonly type: string
  readonly path: string
  /** Slowest axis first; null: no elements at all. */
  readonly shape: readonly number[] | null
  /** In the library's words: number of the type class, and what else tells an element. */
  readonly metadata: {
    readonly type: number
    readonly size: number
    readonly signed: boolean
    readonly littleEndian: boolean
    readonly total_size: number
    readonly shape: readonly number[] | null
  }
  /** Elements from the first to before the second position of each axis. */
  slice(ranges: [number, number][]): unknown
  readonly value: unknown
}

/** A file that can be asked for its groups and datasets. */
export interface ReadableFile {
  get(path: string): object | null
}
