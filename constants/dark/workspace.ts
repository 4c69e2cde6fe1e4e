import type { Kernels } from '../../src/wasm/kernels.js'

/** Memory for kernels to work in, the same that the planes lie in: free for use from byte `at`, aligned to 64. */
export interface KernelWorkspace {
  readonly kernels: Kernels
  readonly buffer: ArrayBufferLike
  readonly at: number
  readonly bytes: number
}
