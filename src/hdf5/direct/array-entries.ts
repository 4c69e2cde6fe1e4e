import type { ChunkTable } from './chunk-table.js'
import { Unsupported } from './errors.js'
import type { Cursor } from './file-view.js'

/** How one element of a fixed or extensible array is stored, from the array's header. */
export interface EntryFormat {
  readonly bytes: number
  /** Elements carry the size and filter mask of their chunk. */
  readonly filtered: boolean
}

/** @throws DataError if the header contradicts the dataset's filters. */
export function entryFormat(head: Cursor, client: number, bytes: number, table: ChunkTable): EntryFormat {
  const filtered = client === 1
  if (client > 1 || filtered !== table.filtered) throw head.damaged('is of the wrong kind')
  if (filtered ? bytes < 13 || bytes > 20 : bytes !== 8) throw head.damaged(`has entries of ${bytes} bytes`)
  return { bytes, filtered }
}

/**
 * Enters array elements into a chunk table. Element numbers count the chunks of the dataset as it may grow,
 * row-major, with an unlimited dimension moved to the front.
 */
export class EntryReader {
  readonly #table: ChunkTable
  readonly #format: EntryFormat
  /** Dimensions, slowest first. */
  readonly #order: readonly number[]
  readonly #coordinates: number[]

  constructor(table: ChunkTable, format: EntryFormat) {
    this.#table = table
    this.#format = format
    const dimensions = [...table.maxCounts.keys()]
    const unlimited = dimensions.filter(d => table.maxCounts[d] === Infinity)
    if (unlimited.length > 1) throw new Unsupported('chunk arrays with several unlimited dimensions')
    this.#order = [...unlimited, ...dimensions.filter(d => !unlimited.includes(d))]
    this.#coordinates = dimensions.map(() => 0)
  }

  /** Reads `count` elements, the first of which is number `first`. */
  read(cursor: Cursor, first: number, count: number): void {
    const { bytes, filtered } = this.#format
    for (let i = 0; i < count; i++) {
      const address = cursor.address()
      const size = filtered ? cursor.uint(bytes - 12) : this.#table.chunkBytes
      const filterMask = filtered ? cursor.u32() : 0
      if (address < 0) continue
      const number = this.#numberOf(first + i)
      if (number >= 0) this.#table.set(number, address, size, filterMask)
    }
  }

  #numberOf(element: number): number {
    let rest = element
    for (let i = this.#order.length - 1; i >= 0; i--) {
      const d = this.#order[i] ?? 0
      const count = this.#table.maxCounts[d] ?? 1
      this.#coordinates[d] = i === 0 ? rest : rest % count
      rest = Math.floor(rest / count)
    }
    return this.#table.numberAt(this.#coordinates)
  }
}
