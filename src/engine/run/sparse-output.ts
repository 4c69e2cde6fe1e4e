import { closeSync, openSync } from 'node:fs'
import { indexPath } from '../../exdf/euxfel-layout.js'
import { asOutputError, writing } from '../../files/errors.js'
import type { OutputFolder } from '../../files/output-folder.js'
import { readFully, writeFully } from '../../files/read-write.js'
import { DTYPE_BYTES } from '../../model/dtypes.js'
import { CELLS } from '../../sinks/corr/sparse-groups.js'
import type { ImageFile } from '../../sinks/image/image-file.js'
import type { JoinedFile } from '../../sources/run/join.js'
import { type SparseFrames, type SparseRequest, sparseLists } from '../contract/derived.js'
import type { BlockFrames } from '../plan/blocks.js'

/** A sparse CORR file on its way. */
export interface SparseTarget {
  readonly images: ImageFile
  readonly joined: JoinedFile
  /** Name of the source. */
  readonly source: string
  readonly pixels: number
  /** By resident cell: its row among the file's cells; −1: it has none. */
  readonly cells: Int32Array
}

/** Bytes of each list that are gathered before they are written. */
const BUFFER = 2 ** 20

/**
 * Sparse lists of one CORR file: threads append records to a spool, in whatever order frames are done; at the end they are
 * put into lists of the file, in the order of its frames.
 */
export class SparseOutput {
  readonly #target: SparseTarget
  readonly #spool: SparseRequest['spool']
  readonly #frames: Pick<SparseFrames, 'pixels' | 'departures' | 'addresses'>
  readonly #masks: Map<number, { address: number; size: number }> = new Map()

  private constructor(target: SparseTarget, spool: SparseRequest['spool']) {
    this.#target = target
    this.#spool = spool
    const { frames } = target.joined
    this.#frames = {
      pixels: new Uint32Array(frames),
      departures: new Uint32Array(frames),
      addresses: new Float64Array(frames),
    }
  }

  /** Opens the spool beside the file, without a name: nothing is left of it, whatever happens. @throws OutputError */
  static open(folder: OutputFolder, target: SparseTarget): SparseOutput {
    const { path } = target.images.target
    const part = folder.part(`${path}.spool`)
    try {
      const spool = { path, fd: openSync(part, 'w+'), end: new SharedArrayBuffer(8) }
      return new SparseOutput(target, spool)
    } catch (error) {
      throw asOutputError(error, path)
    } finally {
      folder.discard(part)
    }
  }

  /** What threads are told: masks of cells that the file does not have yet are wanted. */
  get request(): SparseRequest {
    const { images, cells } = this.#target
    const masks = cells.map(row => (this.#masks.has(row) ? -1 : row))
    return { spool: this.#spool, file: images.target, masks }
  }

  /** Notes where a block's records are. */
  take({ corrected }: BlockFrames, sparse: SparseFrames | undefined): void {
    if (sparse === undefined) return
    for (const [i, frame] of corrected.entries())
      for (const name of ['pixels', 'departures', 'addresses'] as const)
        this.#frames[name][frame] = sparse[name][i] ?? 0
    const { indices, addresses, sizes } = sparse.masks
    for (const [i, row] of Array.from(indices).entries())
      this.#masks.set(row, { address: addresses[i] ?? 0, size: sizes[i] ?? 0 })
  }

  /** Writes the lists, their counts and the index of masks into the file. @throws OutputError */
  write(): void {
    const { images, joined, source, pixels } = this.#target
    const { path } = images.target
    const group = `INSTRUMENT/${source}`
    const lists = sparseLists(pixels).map(list => {
      const rows = sum(this.#frames[list.of])
      const elementBytes = DTYPE_BYTES[list.dtype]
      const address = images.reserve(rows * elementBytes)
      images.placeList(`${group}/${list.name}`, { rows, elementBytes, address })
      return { of: list.of, elementBytes, pieces: new Pieces(images.target.fd, address) }
    })
    writing(path, () => this.#gather(lists))
    images.writeColumn(`${group}/sparse/pixels`, this.#frames.pixels)
    images.writeColumn(`${group}/sparse/departures`, this.#frames.departures)
    for (const [name, of] of [
      ['pixel', 'pixels'],
      ['departure', 'departures'],
    ] as const) {
      const { first, count } = rowsOfTrains(joined, this.#frames[of])
      images.writeColumn(`${indexPath(source, name)}/first`, first)
      images.writeColumn(`${indexPath(source, name)}/count`, count)
    }
    const rows = [...this.#masks.keys()].sort((a, b) => a - b)
    images.indexChunks(CELLS.mask, {
      indices: rows,
      addresses: rows.map(row => this.#masks.get(row)?.address ?? 0),
      sizes: rows.map(row => this.#masks.get(row)?.size ?? 0),
    })
  }

  close(): void {
    closeSync(this.#spool.fd)
  }

  #gather(lists: readonly { of: 'pixels' | 'departures'; elementBytes: number; pieces: Pieces }[]): void {
    const { fd } = this.#spool
    let record = new Uint8Array(0)
    for (const [frame, address] of this.#frames.addresses.entries()) {
      const bytes = lists.map(({ of, elementBytes }) => (this.#frames[of][frame] ?? 0) * elementBytes)
      const length = sum(bytes)
      if (record.length < length) record = new Uint8Array(2 * length)
      if (readFully(fd, record, 0, length, address) < length) throw new Error('a spooled record is cut short')
      let at = 0
      for (const [i, { pieces }] of lists.entries()) {
        pieces.add(record.subarray(at, at + (bytes[i] ?? 0)))
        at += bytes[i] ?? 0
      }
    }
    for (const { pieces } of lists) pieces.flush()
  }
}

/** Writes pieces one behind the other, many at once. */
class Pieces {
  readonly #fd: number
  readonly #buffer = new Uint8Array(BUFFER)
  #at: number
  #filled = 0

  constructor(fd: number, address: number) {
    this.#fd = fd
    this.#at = address
  }

  add(piece: Uint8Array): void {
    if (this.#filled + piece.length > BUFFER) this.flush()
    if (piece.length > BUFFER) {
      writeFully(this.#fd, piece, this.#at)
      this.#at += piece.length
      return
    }
    this.#buffer.set(piece, this.#filled)
    this.#filled += piece.length
  }

  flush(): void {
    writeFully(this.#fd, this.#buffer.subarray(0, this.#filled), this.#at)
    this.#at += this.#filled
    this.#filled = 0
  }
}

/** Rows of each train in a list with so many elements of each frame. */
function rowsOfTrains(
  { trains }: JoinedFile,
  elements: Uint32Array,
): { first: BigUint64Array; count: BigUint64Array } {
  const first = new BigUint64Array(trains.length)
  const count = new BigUint64Array(trains.length)
  let frame = 0
  let total = 0
  for (const [i, { rows }] of trains.entries()) {
    const own = sum(elements.subarray(frame, frame + rows.count))
    first[i] = BigInt(total)
    count[i] = BigInt(own)
    frame += rows.count
    total += own
  }
  return { first, count }
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
