/** What every suite is told. */
export interface SuiteOptions {
  /** Measured rounds; the first, uncounted one warms up. */
  readonly rounds: number
  /** Small problems that show that everything works; their times mean nothing. */
  readonly quick: boolean
  readonly seed: number
  /** Folder for data that are kept from run to run, on the file system to be measured. */
  readonly scratch: string
  /** Most worker threads, and threads or processes of peers. */
  readonly workers: number
  /** Bytes of the last-level cache: working sets are several times as large. */
  readonly cache: number
  /** Whether kernels are measured on the processor, on a GPU, or on both. */
  readonly kernelsOn: 'cpu' | 'gpu' | 'all'
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
}

/** Shares of pixels that left high gain: none, as in most data, and many. */
export const SWITCHED = [0, 0.004, 0.02] as const

/** `0.4 %` */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}
