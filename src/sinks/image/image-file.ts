import { closeSync, fstatSync, openSync } from 'node:fs'
import { writeFully } from '../../files/read-write.js'
import { placeLate, writeLate } from '../../hdf5/create/late-data.js'
import {
  consecutive,
  findDeclared,
  setEndOfFile,
  type WrittenChunks,
  writeChunkIndex,
} from '../../hdf5/create/write-chunks.js'

/** Where workers write the image chunks of one file. Plain values, for `postMessage`. */
export interface ChunkTarget {
  /** For messages only: workers write through `fd`, which all threads of the process share. */
  readonly path: string
  readonly fd: number
  /** Address of data chunk 0; chunk k lies at `dataAddress + k · dataBytes`, in frame order. */
  readonly dataAddress: number
  /** 0: data are deflated, and appended as they come. */
  readonly dataBytes: number
  /** BigInt64Array of one: the next free byte. Deflated chunks reserve their place with `Atomics.add`. */
  readonly end: SharedArrayBuffer
}

/** Deflated chunks as workers report them. */
interface ChunkEntries {
  readonly indices: Float64Array
  readonly addresses: Float64Array
  readonly sizes: Float64Array
}

/** Deflated chunks of a block; data only where they are deflated. */
interface BlockChunks {
  readonly data?: ChunkEntries
  readonly gain: ChunkEntries
  readonly mask: ChunkEntries
}

/** Names of the image datasets in the file. */
export interface ImageDatasets {
  readonly data: string
  readonly gain: string
  readonly mask: string
  /** Baseline shift of each frame, f32, in one chunk; absent: there is none. */
  readonly shift?: string
}

/** Pages keep the data chunks aligned, so that the kernel copies whole pages. */
const ALIGN = 4096

/** Address and size of every chunk of one dataset, by chunk number. */
class ChunkTable {
  readonly addresses: Float64Array
  readonly sizes: Float64Array

  constructor(chunks: number) {
    this.addresses = new Float64Array(chunks).fill(-1)
    this.sizes = new Float64Array(chunks)
  }

  add(chunks: ChunkEntries): void {
    chunks.indices.forEach((index, i) => {
      this.addresses[index] = chunks.addresses[i] ?? -1
      this.sizes[index] = chunks.sizes[i] ?? 0
    })
  }

  /** Numbers of the chunks that were written. */
  written(): Float64Array {
    return Float64Array.from(this.addresses.keys()).filter(index => (this.addresses[index] ?? -1) >= 0)
  }

  /** @throws Error if one of these chunks is missing: the file must not look whole. */
  entries(name: string, indices: Float64Array): ChunkEntries {
    const addresses = indices.map(index => this.addresses[index] ?? -1)
    const missing = addresses.indexOf(-1)
    if (missing >= 0) throw new Error(`${name}: chunk ${indices[missing]} was never written`)
    return { indices, addresses, sizes: indices.map(index => this.sizes[index] ?? 0) }
  }
}

/**
 * The image chunks of a file that was declared: data (uncompressed, at fixed addresses in frame
 * order), gain and mask (deflated, appended as they come). Workers write; this keeps the tables and, at the end,
 * writes the chunk indices.
 */
export class ImageFile {
  readonly target: ChunkTarget
  readonly #chunks: number
  readonly #data: ChunkTable
  readonly #gain: ChunkTable
  readonly #mask: ChunkTable
  readonly #datasets: ImageDatasets
  readonly #shifts: Float32Array | undefined
  #released = false

  private constructor(target: ChunkTarget, chunks: number, datasets: ImageDatasets) {
    this.target = target
    this.#chunks = chunks
    this.#datasets = datasets
    this.#data = new ChunkTable(target.dataBytes === 0 ? chunks : 0)
    this.#shifts = datasets.shift === undefined ? undefined : new Float32Array(chunks)
    this.#gain = new ChunkTable(chunks)
    this.#mask = new ChunkTable(chunks)
  }

  /** Opens the declared file `part`, which messages call `path`, for `chunks` chunks of `dataBytes` bytes of data each; 0: deflated. */
  static open(
    part: string,
    path: string,
    datasets: ImageDatasets,
    chunks: number,
    dataBytes: number,
  ): ImageFile {
    const fd = openSync(part, 'r+')
    const dataAddress = Math.ceil(fstatSync(fd).size / ALIGN) * ALIGN
    const end = new SharedArrayBuffer(8)
    new BigInt64Array(end)[0] = BigInt(dataAddress + chunks * dataBytes)
    return new ImageFile({ path, fd, dataAddress, dataBytes, end }, chunks, datasets)
  }

  /** Notes where a block's deflated chunks went. A later note of a chunk replaces an earlier one. */
  record({ data, gain, mask }: BlockChunks): void {
    if (data) this.#data.add(data)
    this.#gain.add(gain)
    this.#mask.add(mask)
  }

  /** Notes the baseline shifts of frames, ADU. */
  recordShifts(indices: Float64Array, shifts: Float32Array): void {
    for (const [i, index] of indices.entries()) if (this.#shifts) this.#shifts[index] = shifts[i] ?? 0
  }

  /** Withdraws chunks whose source turned out to be bad: they count as missing. */
  forget(indices: Iterable<number>): void {
    for (const index of indices) {
      this.#gain.addresses[index] = -1
      this.#mask.addresses[index] = -1
    }
  }

  /**
   * Writes the three chunk indices; the file is whole afterwards, but neither flushed nor closed.
   * @param missing `filled`: chunks that nobody has written read as the datasets' fill values.
   * @throws Error if a chunk is missing that must not: the file must not look whole.
   */
  writeIndices(missing: 'refused' | 'filled'): void {
    const { fd, path, dataAddress, dataBytes, end } = this.target
    const indices =
      missing === 'filled' ? this.#gain.written() : Float64Array.from({ length: this.#chunks }, (_, k) => k)
    let at = Number(Atomics.load(new BigInt64Array(end), 0))
    if (indices.length > 0) {
      const data =
        dataBytes === 0
          ? this.#data.entries(this.#datasets.data, indices)
          : {
              indices,
              addresses: indices.map(k => dataAddress + k * dataBytes),
              sizes: new Float64Array(indices.length).fill(dataBytes),
            }
      const { data: name, gain, mask } = this.#datasets
      at = writeChunkIndex(fd, findDeclared(fd, name, path), data, at)
      at = writeChunkIndex(fd, findDeclared(fd, gain, path), this.#gain.entries(gain, indices), at)
      at = writeChunkIndex(fd, findDeclared(fd, mask, path), this.#mask.entries(mask, indices), at)
    }
    if (this.#shifts && this.#datasets.shift !== undefined && this.#chunks > 0) {
      const bytes = new Uint8Array(this.#shifts.buffer)
      writeFully(fd, bytes, at)
      const one = consecutive(1, at, bytes.length)
      at = writeChunkIndex(fd, findDeclared(fd, this.#datasets.shift, path), one, at + bytes.length)
    }
    setEndOfFile(fd, at, path)
  }

  /** Writes the elements of a small dataset that was declared with as many. @throws OutputError */
  writeColumn(path: string, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
    writeLate(this.target.fd, path, new Uint8Array(buffer, byteOffset, byteLength), this.target.path)
  }

  /** Reserves `bytes` bytes at the end, at a multiple of 8. @returns their address. */
  reserve(bytes: number): number {
    const end = new BigInt64Array(this.target.end)
    Atomics.add(end, 0, -Atomics.load(end, 0) & 7n)
    return Number(Atomics.add(end, 0, BigInt(bytes)))
  }

  /** Says of a list that was declared without elements how many it has, and where. @throws OutputError */
  placeList(path: string, place: Parameters<typeof placeLate>[2]): void {
    placeLate(this.target.fd, path, place, this.target.path)
  }

  /** Says of a declared dataset where its chunks are. @throws OutputError */
  indexChunks(dataset: string, chunks: WrittenChunks): void {
    const { fd, path, end } = this.target
    const behind = writeChunkIndex(fd, findDeclared(fd, dataset, path), chunks, this.reserve(0))
    Atomics.store(new BigInt64Array(end), 0, BigInt(behind))
  }

  /** Hands over the file descriptor, which whoever takes it closes. */
  release(): number {
    this.#released = true
    return this.target.fd
  }

  /** Closes the file descriptor of a file that is given up, unless it was handed over. */
  abandon(): void {
    if (!this.#released) closeSync(this.release())
  }
}
