import type { Kernels } from '../src/corrections/kernel.js'
import type { KernelRoom } from './scatter-kernel.js'
import type { ConstantSource } from './source.js'

/** A block of this size stays in cache between being read and being scattered, and is read at full speed. */
export const SCRATCH_BYTES = 4 * 2 ** 20

/** Words for the kernels' destinations: more cells × planes than a constant can have are left to TypeScript. */
const TABLE_WORDS = 4096

/** Room to read blocks into: the caller's where it suffices. */
export class Scratch {
  readonly #table: Uint32Array | undefined
  readonly #kernels: Kernels | undefined
  readonly #lane: ArrayBufferLike
  #room: Uint8Array

  constructor(options: { buffer: ArrayBufferLike; scratch?: Uint8Array; kernels?: Kernels }) {
    const { buffer, scratch, kernels } = options
    this.#lane = buffer
    // Views of 8-byte elements want an aligned start.
    const room = scratch?.subarray(-scratch.byteOffset & 7) ?? new Uint8Array(SCRATCH_BYTES)
    const tableBytes = 4 * TABLE_WORDS
    if (kernels && room.buffer === buffer && room.length >= 4 * tableBytes) {
      this.#kernels = kernels
      this.#table = new Uint32Array(buffer, room.byteOffset, TABLE_WORDS)
      this.#room = room.subarray(tableBytes)
    } else this.#room = room
  }

  /** Bytes of the blocks to cut a constant into: compressed chunks are decoded once only if whole ones fit. */
  budgetOf({ located }: ConstantSource): number {
    const compressed = located?.storage.kind === 'chunked' && located.storage.filters.length > 0
    return compressed ? this.#room.length : Math.min(this.#room.length, SCRATCH_BYTES)
  }

  /** Room for a block. */
  take(bytes: number): Uint8Array {
    // Only a single element with all its planes can exceed the room: a few hundred bytes.
    if (bytes > this.#room.length) this.#room = new Uint8Array(bytes)
    return this.#room.subarray(0, bytes)
  }

  /** What kernels need to scatter `block`, if it lies in their memory. */
  kernelRoom(block: Uint8Array): KernelRoom | undefined {
    return this.#kernels && this.#table && block.buffer === this.#lane
      ? { kernels: this.#kernels, table: this.#table }
      : undefined
  }
}
