/** Where a block's raw frames lie. Plain values: the file descriptor is the process's, shared by its threads. */
export interface BlockInput {
  readonly path: string
  readonly dataset: string
  readonly fd: number
  /** Size and mtime when the plan was made: a file that changed since is refused. */
  readonly size: number
  readonly mtimeMs: number
  /** File address of each of the block's frames (−1: never written); absent if frames are not stored plainly. */
  readonly addresses?: Float64Array
  /** One element, little-endian, of frames that were never written; absent: zero. */
  readonly fillValue?: Uint8Array
  /** By frame, 1: not wholly written. Absent: all were. */
  readonly notWritten?: Uint8Array
}
