import { instantiateKernels, type Kernels, kernelModule } from '../../../src/wasm/kernels.js'
import type { Block } from '../blocks.js'
import { type ChecksumGrid, MOST_SUMS } from './grid.js'

/** Kernels of some memory, and room in it for their sums: {@link SUMS_BYTES} from `sum`, a multiple of 8, on. */
export interface SumRoom {
  readonly kernels: Kernels
  readonly buffer: ArrayBufferLike
  readonly sum: number
}

/** Bytes that the kernel's sums take. */
export const SUMS_BYTES = 16 * MOST_SUMS

/** Sums up the checksums of a constant's parts, block by block. */
export class ChecksumSums {
  readonly #grid: ChecksumGrid
  readonly #room: SumRoom | undefined
  /** Two words a part. */
  readonly #sums: BigUint64Array

  /** @param room used for blocks that lie in its memory; others are copied. */
  constructor(grid: ChecksumGrid, room?: SumRoom) {
    this.#grid = grid
    this.#room = room
    this.#sums = new BigUint64Array(2 * grid.parts)
  }

  /** Adds a block that cuts no run; `bytes` are its elements in disk order. */
  add(block: Block, bytes: Uint8Array): void {
    const inRoom = this.#room?.buffer === bytes.buffer
    const { kernels, buffer, sum } = inRoom && this.#room ? this.#room : ownRoom(bytes)
    const base = inRoom ? bytes.byteOffset : sum + OWN_OFFSET
    const found = new BigUint64Array(buffer, sum, 2 * MOST_SUMS)
    this.#grid.eachRuns(block, ({ parts, groups, rows, columns, ...runs }) => {
      kernels.checksumRuns(
        ...([base + runs.at, runs.bytes, runs.lastBytes, groups.count, groups.number] as const),
        ...([rows.count, rows.stride, rows.number, runs.partRows, runs.phase] as const),
        ...([columns.count, columns.stride, columns.number, runs.first, sum] as const),
      )
      parts.forEach((part, i) => {
        this.#sums[2 * part] = (this.#sums[2 * part] ?? 0n) + (found[2 * i] ?? 0n)
        this.#sums[2 * part + 1] = (this.#sums[2 * part + 1] ?? 0n) + (found[2 * i + 1] ?? 0n)
      })
    })
  }

  /** Whether a part is what `expected`, the checksums of all parts, say. */
  agrees(part: number, expected: Uint8Array): boolean {
    const { bytes } = this
    for (let i = 16 * part; i < 16 * part + 16; i++) if (bytes[i] !== expected[i]) return false
    return true
  }

  /** The checksums, 16 bytes a part. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#sums.buffer)
  }
}

/** Where in a room of our own the checksum goes, behind the kernels' page, and how far behind it blocks lie. */
const OWN_SUM = 65536
const OWN_OFFSET = SUMS_BYTES

let own: { readonly kernels: Kernels; readonly memory: WebAssembly.Memory } | undefined

/** Kernels of a memory of this thread's own, with a block in it: made once, and grown as need be. */
function ownRoom(block: Uint8Array): SumRoom {
  if (own === undefined) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
    own = { memory, kernels: instantiateKernels(kernelModule(), memory) }
  }
  const { memory, kernels } = own
  const lacking = OWN_SUM + OWN_OFFSET + block.length - memory.buffer.byteLength
  if (lacking > 0) memory.grow(Math.ceil(lacking / 65536))
  const { buffer } = memory
  new Uint8Array(buffer).set(block, OWN_SUM + OWN_OFFSET)
  return { kernels, buffer, sum: OWN_SUM }
}
