import type { KernelWorkspace } from './workspace.js'

/** Median and standard deviation of the finite values of a plane. */
export interface Spread {
  /** Exact; even count: mean of the middle two. NaN if none is finite. */
  readonly median: number
  /** Population standard deviation, two passes in f64. NaN if none is finite. */
  readonly deviation: number
  readonly finite: number
}

/** Bytes of the three numbers that the kernel writes, and of its scratch. */
const FOUND = 64
const SCRATCH = 8256

/** The workspace that {@link spreadOf} needs for `count` values. */
export function spreadBytes(count: number): number {
  return FOUND + SCRATCH + 4 * count
}

/** {@link Spread} of a multiple of 4 f32 in the workspace's memory, after the {@link spreadBytes} of them. */
export function spreadOf(values: Float32Array, { kernels, buffer, at }: KernelWorkspace): Spread {
  kernels.spread(values.byteOffset, values.length, at, at + FOUND)
  const [median = Number.NaN, deviation = Number.NaN, finite = 0] = new Float64Array(buffer, at, 3)
  return { median, deviation, finite }
}
