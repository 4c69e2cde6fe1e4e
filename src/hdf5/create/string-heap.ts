import { Encoder } from './encoder.js'
import { REFERENCE_BYTES } from './messages.js'

/** The least that the library takes for a collection. */
const LEAST_BYTES = 4096
/** Objects are numbered in 16 bits, from 1 on. */
const MOST_OBJECTS = 0xffff
/** Of a collection, and of each of its objects. */
const HEAD_BYTES = 16

/** Where a string lies; object 0: nowhere, it is empty. */
interface Place {
  readonly collection: number
  readonly object: number
  readonly bytes: number
}

/** Some strings that were put into a heap. */
export type Places = readonly Place[]

/**
 * Strings of variable length: elements refer to objects of global heap collections, each to its own.
 * Format: the HDF5 file format specification 2.0, III.E.
 */
export class StringHeap {
  readonly #collections: { readonly objects: Encoder; count: number }[] = []

  add(texts: readonly string[]): Places {
    return texts.map(text => {
      const bytes = Buffer.from(text)
      if (bytes.length === 0) return { collection: 0, object: 0, bytes: 0 }
      let last = this.#collections.at(-1)
      if (last === undefined || last.count === MOST_OBJECTS) {
        last = { objects: new Encoder(), count: 0 }
        this.#collections.push(last)
      }
      const object = ++last.count
      last.objects.u16(object).u16(1).zeros(4).u64(bytes.length).bytes(bytes).pad()
      return { collection: this.#collections.length - 1, object, bytes: bytes.length }
    })
  }

  /** The collections, each a whole one. */
  collections(): Uint8Array[] {
    return this.#collections.map(({ objects }) => {
      // The rest is free: an object of number 0, which counts its own head.
      const bytes = Math.max(LEAST_BYTES, HEAD_BYTES + objects.length + HEAD_BYTES)
      const free = bytes - HEAD_BYTES - objects.length
      const all = new Encoder().bytes(Buffer.from('GCOL')).u8(1).zeros(3).u64(bytes)
      all.bytes(objects.done()).zeros(8).u64(free)
      return all.zeros(free - HEAD_BYTES).done()
    })
  }
}

/** Elements that refer to strings of a heap whose collections are at `addresses`. */
export function references(places: Places, addresses: readonly number[]): Uint8Array {
  const all = new Encoder()
  for (const { collection, object, bytes } of places) {
    if (object === 0) all.zeros(REFERENCE_BYTES)
    else
      all
        .u32(bytes)
        .u64(addresses[collection] ?? 0)
        .u32(object)
  }
  return all.done()
}
