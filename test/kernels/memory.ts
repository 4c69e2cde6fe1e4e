import { instantiateKernels, kernelModule } from '../../src/corrections/kernel.js'

/** A memory of 16 MiB with the kernels bound to it; tests lay things out from byte 65536. */
const memory = new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true })
export const kernels = instantiateKernels(kernelModule(), memory)
export const bytes = new Uint8Array(memory.buffer)
export const words = new Uint32Array(memory.buffer)
export const floats = new Float32Array(memory.buffer)
export const view = new DataView(memory.buffer)
