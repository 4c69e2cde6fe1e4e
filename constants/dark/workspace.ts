import type { Kernels } from '../../src/wasm/kernels.js'

/** Kernels and the memory that they share with the planes: free for use from byte `at`, aligned to 64. */
export interface KernelWorkspace {
  readonly kernels: Kernels
  readonly buffer: ArrayBufferLike
  readonly at: number
  readonly bytes: number
}
