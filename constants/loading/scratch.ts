import type { Kernels } from '../../src/wasm/kernels.js'
import { SCRATCH_BYTES } from '../files/blocks.js'
import { SUMS_BYTES } from '../files/checksums/sums.js'
import type { KernelRoom } from './scatter-kernel.js'

/** Words for the kernels' destinations: more cells × planes than a constant can have are left to TypeScript. */
const TABLE_WORDS = 4096

/** Room to read blocks into: the caller's where it suffices. */
export class Scratch {
  readonly #table: Uint32Array | undefined
  readonly #kernels: Kernels | undefined
  #room: Uint8Array

  constructor(options: { buffer: ArrayBufferLike; scratch?: Uint8Array; kernels?: Kernels }) {
    const { buffer, scratch, kernels } = options
    // Views of 8-byte elements want an aligned start.
    const room = scratch?.subarray(-scratch.byteOffset & 7) ?? new Uint8Array(SCRATCH_BYTES)
    const tableBytes = 4 * TABLE_WORDS
    if (kernels && room.buffer === buffer && room.length >= 4 * (tableBytes + SUMS_BYTES)) {
      this.#kernels = kernels
      this.#table = new Uint32Array(buffer, room.byteOffset, TABLE_WORDS)
      this.#room = room.subarray(tableBytes + SUMS_BYTES)
    } else this.#room = room
  }

  /** Bytes that the largest block may have. */
  get bytes(): number {
    return this.#room.length
  }

  /** Room for a block. */
  take(bytes: number): Uint8Array {
    // Only a single element with all its planes can exceed the room: a few hundred bytes.
    if (bytes > this.#room.length) this.#room = new Uint8Array(bytes)
    return this.#room.subarray(0, bytes)
  }

  /** What kernels need to scatter blocks that lie in their memory. */
  get kernels(): KernelRoom | undefined {
    const [kernels, table] = [this.#kernels, this.#table]
    return kernels && table ? { kernels, table, sum: table.byteOffset + table.byteLength } : undefined
  }
}
