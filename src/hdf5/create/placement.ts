import { NOWHERE } from './encoder.js'
import { NewLayout } from './layout.js'
import * as message from './messages.js'
import type { AttributeNode, DatasetNode, Elements, Group } from './nodes.js'
import { putChunks } from './small-chunks.js'
import { references, type StringHeap } from './string-heap.js'

/** The bytes of a file whose root group is `root` and whose strings are in `heap`. */
export function encoded(root: Group, heap: StringHeap): Uint8Array {
  const layout = new NewLayout()
  const collections = heap.collections().map(collection => layout.place(collection))
  return layout.done(new Placement(layout, collections).group(root))
}

/** Places objects in a file, and tells where their headers are. */
class Placement {
  readonly #layout: NewLayout
  /** Addresses of the heap's collections. */
  readonly #heap: readonly number[]

  constructor(layout: NewLayout, heap: readonly number[]) {
    this.#layout = layout
    this.#heap = heap
  }

  /** Members first, since a group names where they are. */
  group({ members, attributes }: Group): number {
    const links = Array.from(members, ([name, member]) => {
      if (typeof member === 'string') return message.link(name, member)
      return message.link(name, 'members' in member ? this.group(member) : this.#dataset(member))
    })
    return this.#object([...message.groupHead(), ...links], attributes)
  }

  #dataset({
    shape,
    kind,
    data,
    deflate,
    shuffle,
    growable = false,
    chunk,
    fill,
    attributes,
  }: DatasetNode): number {
    const elementBytes = message.bytesOf(kind)
    // HDF5 stores what may grow in chunks only.
    const chunks = chunk ?? (growable ? shape.map(length => Math.max(1, length)) : undefined)
    const bytes = data && this.#elements(data)
    const stored = chunks
      ? message.chunked(
          chunks,
          elementBytes,
          bytes ? putChunks({ shape, chunk: chunks, elementBytes, bytes, deflate }, this.#layout) : NOWHERE,
        )
      : message.contiguous(bytes?.length ? this.#layout.place(bytes) : NOWHERE, bytes?.length ?? 0)
    const messages = [
      message.dataspace(shape, growable),
      message.datatype(kind),
      message.fillValue(chunks !== undefined, fill),
      stored,
      ...(deflate === undefined ? [] : [message.deflate(deflate, shuffle ? elementBytes : undefined)]),
    ]
    return this.#object(messages, attributes)
  }

  #object(messages: readonly message.NewMessage[], attributes: readonly AttributeNode[]): number {
    const stated = attributes.map(({ name, kind, shape, data }) =>
      message.attribute(name, kind, shape, this.#elements(data)),
    )
    return this.#layout.place(message.objectHeader([...messages, ...stated]))
  }

  #elements(data: Elements): Uint8Array {
    return 'bytes' in data ? data.bytes : references(data.places, this.#heap)
  }
}
