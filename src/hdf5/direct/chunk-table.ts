import { Unreadable, Unsupported } from './errors.js'
import type { FileView } from './file-view.js'

/** The grid of chunks that covers a dataset, and the chunks found so far. */
export class ChunkTable {
  readonly view: FileView
  readonly chunkShape: readonly number[]
  /** Chunks along each dimension of the dataset as it is now, and as it may grow (Infinity: unlimited). */
  readonly counts: readonly number[]
  readonly maxCounts: readonly number[]
  /** Chunks in the grid. */
  readonly total: number
  /** Bytes of one chunk before filters. */
  readonly chunkBytes: number
  readonly filtered: boolean
  readonly addresses: Float64Array
  readonly sizes: Uint32Array
  readonly filterMasks: Uint32Array

  /** @throws Unsupported for more chunks than this file can hold, or chunks of 1 GiB and above. */
  constructor(
    view: FileView,
    shape: readonly number[],
    maxShape: readonly number[],
    chunkShape: readonly number[],
    elementBytes: number,
    filtered: boolean,
  ) {
    this.view = view
    this.chunkShape = chunkShape
    this.counts = countsOf(shape, chunkShape)
    this.maxCounts = countsOf(maxShape, chunkShape)
    this.total = this.counts.reduce((product, count) => product * count, 1)
    this.chunkBytes = chunkShape.reduce((product, size) => product * size, elementBytes)
    this.filtered = filtered
    // Each chunk on disk has an index entry or at least one byte. Sparser grids are for the library.
    if (this.total > 2 ** 20 + view.size) throw new Unsupported(`sparse grids of ${this.total} chunks`)
    if (this.total > 2 ** 24) throw new Unsupported(`${this.total} chunks`)
    if (this.chunkBytes >= 2 ** 30) throw new Unsupported(`chunks of ${this.chunkBytes} bytes`)
    this.addresses = new Float64Array(this.total).fill(-1)
    this.sizes = new Uint32Array(this.total)
    this.filterMasks = new Uint32Array(this.total)
  }

  /** Enters chunk `number` of the grid. @throws DataError if it cannot be there or was entered before. */
  set(number: number, address: number, size: number, filterMask: number): void {
    if ((this.addresses[number] ?? 0) >= 0) throw this.#contradicts(`chunk ${number} is indexed twice`)
    if (!this.filtered && size !== this.chunkBytes) {
      throw this.view.damaged(`chunk ${number} has ${size} bytes where ${this.chunkBytes} are due`)
    }
    if (address < 0 || size < 1 || address + size > this.view.size) {
      throw this.view.damaged(`chunk ${number} lies outside the file`)
    }
    // A chunk that filters make longer than this is not theirs.
    if (size > this.chunkBytes * 1.01 + 1024) throw this.view.damaged(`chunk ${number} claims ${size} bytes`)
    this.addresses[number] = address
    this.sizes[number] = size
    this.filterMasks[number] = filterMask
  }

  /**
   * Chunks share no byte with each other, nor with the structures that led to them: a damaged address or size gives a frame of
   * something else, and no checksum tells. To be called once all are entered.
   * @throws Unreadable, since the library would believe it.
   */
  requireApart(): void {
    const order = this.#byAddress()
    for (let i = 1; i < order.length; i++) {
      const [before = 0, after = 0] = [order[i - 1], order[i]]
      if (this.#end(before) > (this.addresses[after] ?? 0))
        throw this.#contradicts(
          `its chunks ${Math.min(before, after)} and ${Math.max(before, after)} overlap`,
        )
    }
    for (const { address, length } of this.view.structures) {
      const last = order[lowerBound(order, number => (this.addresses[number] ?? 0) >= address + length) - 1]
      if (last !== undefined && this.#end(last) > address)
        throw this.#contradicts(`its chunk ${last} lies over a structure of the file`)
    }
  }

  /** The numbers of the chunks that are there, by address: mostly as they are numbered. */
  #byAddress(): Uint32Array {
    const { addresses } = this
    const order = new Uint32Array(this.total)
    let count = 0
    let sorted = true
    for (let number = 0, last = -1; number < this.total; number++) {
      const address = addresses[number] ?? -1
      if (address < 0) continue
      order[count++] = number
      sorted &&= address > last
      last = address
    }
    const there = order.subarray(0, count)
    return sorted ? there : there.sort((a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0))
  }

  #end(number: number): number {
    return (this.addresses[number] ?? 0) + (this.sizes[number] ?? 0)
  }

  #contradicts(what: string): Unreadable {
    const { message, place, hint = '' } = this.view.damaged(what)
    return new Unreadable(message, { place, hint })
  }

  /** The row-major number of the chunk at grid coordinates `coordinates`; −1: outside the dataset as it is now. */
  numberAt(coordinates: readonly number[]): number {
    let number = 0
    for (let d = 0; d < this.counts.length; d++) {
      const count = this.counts[d] ?? 0
      const coordinate = coordinates[d] ?? 0
      if (coordinate >= count) return -1
      number = number * count + coordinate
    }
    return number
  }
}

function countsOf(shape: readonly number[], chunkShape: readonly number[]): number[] {
  return shape.map((size, d) => Math.ceil(size / (chunkShape[d] ?? 1)))
}

/** The first index of `numbers` from which on `isBeyond` holds. */
function lowerBound(numbers: Uint32Array, isBeyond: (number: number) => boolean): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBeyond(numbers[middle] ?? 0)) high = middle
    else low = middle + 1
  }
  return low
}
