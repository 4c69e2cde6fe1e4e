import type { KernelWorkspace } from '../../constants/dark/workspace.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'

/** A memory of 16 MiB with the kernels bound to it; tests lay things out from byte 65536. */
const memory = new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true })
export const kernels = instantiateKernels(kernelModule(), memory)
export const bytes = new Uint8Array(memory.buffer)
export const words = new Uint32Array(memory.buffer)
export const floats = new Float32Array(memory.buffer)
export const view = new DataView(memory.buffer)

/** Where {@link uploaded} puts things, and what of the memory lies before and is free: workspace for whole planes. */
const UPLOADS = 8 * 2 ** 20
export const workspace: KernelWorkspace = {
  kernels,
  buffer: memory.buffer,
  at: 65_536,
  bytes: UPLOADS - 65_536,
}

/** The same numbers in the kernels' memory, `at` bytes behind {@link UPLOADS}. */
export function uploaded<T extends Float32Array | Uint32Array>(values: T, at = 0): T {
  const Typed = values.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T
  const copy = new Typed(memory.buffer, UPLOADS + at, values.length)
  copy.set(values)
  return copy
}
