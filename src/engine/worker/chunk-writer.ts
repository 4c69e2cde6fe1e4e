import { asOutputError } from '../../files/errors.js'
import { writevFully } from '../../files/read-write.js'
import type { ChunkTarget } from '../../sinks/image/image-file.js'
import type { DeflatedChunks, FileChunks } from '../contract/block-task.js'

/** Planes of a frame that may be deflated. */
type ChunkedPlane = 'data' | 'gain' | 'mask'

/** One deflated plane of one frame. `plane` may be a view on a lane: it is written before the lane's memory changes. */
interface Pending {
  readonly table: ChunkedPlane
  readonly index: number
  readonly bytes: Uint8Array
}

/** Grows by one chunk at a time; becomes the plain arrays that are posted back. */
class Chunks {
  readonly #indices: number[] = []
  readonly #addresses: number[] = []
  readonly #sizes: number[] = []

  add(index: number, address: number, size: number): void {
    this.#indices.push(index)
    this.#addresses.push(address)
    this.#sizes.push(size)
  }

  get isEmpty(): boolean {
    return this.#indices.length === 0
  }

  plain(): DeflatedChunks {
    return {
      indices: Float64Array.from(this.#indices),
      addresses: Float64Array.from(this.#addresses),
      sizes: Float64Array.from(this.#sizes),
    }
  }
}

/** Writes one block's chunks to one file: data at their fixed place unless they are deflated, deflated planes wherever the end is. */
export class ChunkWriter {
  readonly #target: ChunkTarget
  readonly #end: BigInt64Array
  readonly #pending: Pending[] = []
  readonly #tables = { data: new Chunks(), gain: new Chunks(), mask: new Chunks() }
  #pendingBytes = 0
  /** Bytes handed to the file so far. */
  written = 0

  constructor(target: ChunkTarget) {
    this.#target = target
    this.#end = new BigInt64Array(target.end)
  }

  /** Writes the f32 plane of chunk `index`. @throws OutputError naming the file. */
  data(index: number, plane: Uint8Array): void {
    const { dataAddress, dataBytes } = this.#target
    this.#write([plane], dataAddress + index * dataBytes, plane.byteLength)
  }

  /** Takes a deflated plane; it reaches the file with the next {@link flush}. */
  deflated(table: ChunkedPlane, index: number, bytes: Uint8Array): void {
    this.#pending.push({ table, index, bytes })
    this.#pendingBytes += bytes.byteLength
  }

  /** Appends all pending planes with one write, at a place reserved against the other workers. @throws OutputError */
  flush(): void {
    if (this.#pending.length === 0) return
    let address = Number(Atomics.add(this.#end, 0, BigInt(this.#pendingBytes)))
    this.#write(
      this.#pending.map(plane => plane.bytes),
      address,
      this.#pendingBytes,
    )
    for (const { table, index, bytes } of this.#pending) {
      this.#tables[table].add(index, address, bytes.byteLength)
      address += bytes.byteLength
    }
    this.#pending.length = 0
    this.#pendingBytes = 0
  }

  /** Where the deflated planes went. */
  chunks(): FileChunks {
    const { data, gain, mask } = this.#tables
    return { ...(data.isEmpty ? {} : { data: data.plain() }), gain: gain.plain(), mask: mask.plain() }
  }

  #write(buffers: Uint8Array[], address: number, bytes: number): void {
    try {
      writevFully(this.#target.fd, buffers, address)
    } catch (error) {
      throw asOutputError(error, this.#target.path)
    }
    this.written += bytes
  }
}
