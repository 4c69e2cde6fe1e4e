import type { Kernels } from '../../src/wasm/kernels.js'
import { SUMS_BYTES } from '../files/checksums/sums.js'
import { SCRATCH_BYTES } from '../files/slabs.js'
import type { ScatterWorkspace } from './scatter-kernel.js'

/** Words for the kernels' destinations: more cells × planes than a constant can have are left to TypeScript. */
const TABLE_WORDS = 4096

/** Memory to read slabs into: the caller's where it suffices. */
export class Scratch {
  readonly #table: Uint32Array | undefined
  readonly #kernels: Kernels | undefined
  #workspace: Uint8Array

  constructor(options: { buffer: ArrayBufferLike; scratch?: Uint8Array; kernels?: Kernels }) {
    const { buffer, scratch, kernels } = options
    // Views of 8-byte elements want an aligned start.
    const workspace = scratch?.subarray(-scratch.byteOffset & 7) ?? new Uint8Array(SCRATCH_BYTES)
    const tableBytes = 4 * TABLE_WORDS
    if (kernels && workspace.buffer === buffer && workspace.length >= 4 * (tableBytes + SUMS_BYTES)) {
      this.#kernels = kernels
      this.#table = new Uint32Array(buffer, workspace.byteOffset, TABLE_WORDS)
      this.#workspace = workspace.subarray(tableBytes + SUMS_BYTES)
    } else this.#workspace = workspace
  }

  /** Bytes that the largest slab may have. */
  get bytes(): number {
    return this.#workspace.length
  }

  /** Memory for a slab. */
  take(bytes: number): Uint8Array {
    // Only a single element with all its planes can exceed the workspace: a few hundred bytes.
    if (bytes > this.#workspace.length) this.#workspace = new Uint8Array(bytes)
    return this.#workspace.subarray(0, bytes)
  }

  /** What kernels need to scatter slabs that lie in their memory. */
  get kernels(): ScatterWorkspace | undefined {
    const [kernels, table] = [this.#kernels, this.#table]
    return kernels && table ? { kernels, table, sum: table.byteOffset + table.byteLength } : undefined
  }
}
