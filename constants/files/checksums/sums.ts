import { instantiateKernels, type Kernels, kernelModule } from '../../../src/wasm/kernels.js'
import type { Slab } from '../slabs.js'
import { type ChecksumGrid, MOST_SUMS } from './grid.js'

/** Kernels of some memory, and workspace in it for their sums: {@link SUMS_BYTES} from `sum`, a multiple of 8, on. */
export interface SumWorkspace {
  readonly kernels: Kernels
  readonly buffer: ArrayBufferLike
  readonly sum: number
}

/** Bytes that the kernel's sums take. */
export const SUMS_BYTES = 16 * MOST_SUMS

/** Sums up the checksums of a constant's parts, slab by slab. */
export class ChecksumSums {
  readonly #grid: ChecksumGrid
  readonly #workspace: SumWorkspace | undefined
  /** Two words a part. */
  readonly #sums: BigUint64Array

  /** @param workspace used for slabs that lie in its memory; others are copied. */
  constructor(grid: ChecksumGrid, workspace?: SumWorkspace) {
    this.#grid = grid
    this.#workspace = workspace
    this.#sums = new BigUint64Array(2 * grid.parts)
  }

  /** Adds a slab that cuts no run; `bytes` are its elements in disk order. */
  add(slab: Slab, bytes: Uint8Array): void {
    const inWorkspace = this.#workspace?.buffer === bytes.buffer
    const { kernels, buffer, sum } = inWorkspace && this.#workspace ? this.#workspace : ownWorkspace(bytes)
    const base = inWorkspace ? bytes.byteOffset : sum + OWN_OFFSET
    const found = new BigUint64Array(buffer, sum, 2 * MOST_SUMS)
    this.#grid.eachRuns(slab, ({ parts, groups, rows, columns, ...runs }) => {
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

/** Where in a workspace of our own the checksum goes, behind the kernels' page, and how far behind it slabs lie. */
const OWN_SUM = 65536
const OWN_OFFSET = SUMS_BYTES

let own: { readonly kernels: Kernels; readonly memory: WebAssembly.Memory } | undefined

/** Kernels of a memory of this thread's own, with a slab in it: made once, and grown as need be. */
function ownWorkspace(slab: Uint8Array): SumWorkspace {
  if (own === undefined) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
    own = { memory, kernels: instantiateKernels(kernelModule(), memory) }
  }
  const { memory, kernels } = own
  const lacking = OWN_SUM + OWN_OFFSET + slab.length - memory.buffer.byteLength
  if (lacking > 0) memory.grow(Math.ceil(lacking / 65536))
  const { buffer } = memory
  new Uint8Array(buffer).set(slab, OWN_SUM + OWN_OFFSET)
  return { kernels, buffer, sum: OWN_SUM }
}
