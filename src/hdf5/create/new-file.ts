import { closeSync, openSync } from 'node:fs'
import { writing } from '../../files/errors.js'
import { writeFully } from '../../files/read-write.js'
import { arrayOf, type DType, type TypedArrayOf } from '../../model/dtypes.js'
import { productOf } from '../../model/shapes.js'
import type { Attributes } from './attributes.js'
import type { AttributeNode, DatasetNode, DatasetOptions, Group } from './nodes.js'
import { encoded } from './placement.js'
import { StringHeap } from './string-heap.js'

export type { DatasetOptions }

/**
 * The structure of a new HDF5 file, put together in memory and written at once: groups, small datasets, attributes, soft
 * links, and bulk datasets whose chunks the direct writer adds. Superblock 2, version-1 object headers without checksums, groups
 * by link messages, chunk indices as B-trees 1: HDF5 reads that since 1.8.
 *
 * The library could do it, but takes a tenth of a second to start and a third of a millisecond for each question.
 */
export class NewFile {
  readonly #root: Group = { members: new Map(), attributes: [] }
  readonly #heap = new StringHeap()

  /** Makes the groups of `path` that are not there yet. @throws RangeError if one of them is something else. */
  group(path: string): void {
    this.#group(path)
  }

  #group(path: string): Group {
    let group = this.#root
    for (const name of path.split('/').filter(Boolean)) {
      const there = group.members.get(name) ?? { members: new Map(), attributes: [] }
      if (typeof there === 'string' || !('members' in there))
        throw new RangeError(`${path}: ${name} is not a group`)
      group.members.set(name, there)
      group = there
    }
    return group
  }

  /** Adds `data` (C order) as dataset `path`. @throws RangeError if the path is taken or data and shape disagree. */
  array<D extends DType>(path: string, dtype: D, data: TypedArrayOf<D>, options: DatasetOptions): void {
    if (data.length !== productOf(options.shape))
      throw new RangeError(`${path}: ${data.length} elements for shape (${options.shape.join(', ')})`)
    this.#add(path, { ...options, kind: dtype, data: { bytes: bytesOf(data) }, attributes: [] })
  }

  /** Adds a one-dimensional dataset of numbers as `dtype`. */
  column(
    path: string,
    dtype: DType,
    values: readonly (number | bigint)[],
    options: Pick<DatasetOptions, 'growable'> = {},
  ): void {
    const data = arrayOf(dtype, values.length)
    for (const [i, value] of values.entries()) {
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value)
      else data[i] = Number(value)
    }
    this.array(path, dtype, data, { shape: [values.length], ...options })
  }

  /** Adds a one-dimensional dataset of strings of variable length: ASCII as the DAQ does, else UTF-8. */
  strings(path: string, values: readonly string[], options: Pick<DatasetOptions, 'growable'> = {}): void {
    const kind = values.every(isAscii) ? 'ascii' : 'utf8'
    const data = { places: this.#heap.add(values) }
    this.#add(path, { shape: [values.length], ...options, kind, data, attributes: [] })
  }

  /** Adds a dataset of one f64 or one string, without dimensions. */
  scalar(path: string, value: number | string): void {
    const { kind, shape, data } = this.#attribute('', value)
    this.#add(path, { shape, kind, data, attributes: [] })
  }

  /**
   * Adds a chunked dataset without a single chunk: its elements read as `fill`, or zero, where the direct writer adds
   * none.
   */
  declare(path: string, dtype: DType, options: DatasetOptions & { readonly chunk: readonly number[] }): void {
    this.#add(path, { ...options, kind: dtype, attributes: [] })
  }

  /** Adds the soft link `path` to the absolute path `target`, which may be missing. */
  softLink(target: string, path: string): void {
    this.#add(path, target)
  }

  /** Adds attributes to the group or dataset at `path`; `/` is the file. @throws RangeError if nothing is there. */
  attributes(path: string, attributes: Attributes): void {
    const { attributes: all } = this.#at(path)
    for (const [key, value] of Object.entries(attributes)) all.push(this.#attribute(key, value))
  }

  /** Whether the group or dataset at `path` has an attribute of this name. @throws RangeError if nothing is there. */
  hasAttribute(path: string, name: string): boolean {
    return this.#at(path).attributes.some(attribute => attribute.name === name)
  }

  /** Writes the file, replacing what is there. @throws OutputError naming it. */
  write(path: string): void {
    const bytes = encoded(this.#root, this.#heap)
    writing(path, () => {
      const fd = openSync(path, 'w')
      try {
        writeFully(fd, bytes, 0)
      } finally {
        closeSync(fd)
      }
    })
  }

  #at(path: string): Group | DatasetNode {
    const [above, name] = split(path)
    const object = name === '' ? this.#root : this.#group(above).members.get(name)
    if (object === undefined || typeof object === 'string')
      throw new RangeError(`${path}: there is nothing to have attributes`)
    return object
  }

  #add(path: string, object: DatasetNode | string): void {
    const [above, name] = split(path)
    const { members } = this.#group(above)
    if (name === '' || members.has(name)) throw new RangeError(`${path} is there already`)
    if (typeof object !== 'string' && object.chunk && object.chunk.length !== object.shape.length)
      throw new RangeError(`${path}: chunks [${object.chunk}] of a dataset of shape [${object.shape}]`)
    if (typeof object !== 'string' && object.shuffle && (object.data || object.deflate === undefined))
      throw new RangeError(`${path}: bytes are shuffled where chunks are deflated and written later`)
    members.set(name, object)
  }

  #attribute(name: string, value: Attributes[string]): AttributeNode {
    if (typeof value === 'number')
      return { name, kind: 'f8', shape: [], data: { bytes: bytesOf(Float64Array.of(value)) } }
    if (typeof value === 'bigint')
      return { name, kind: 'i8', shape: [], data: { bytes: bytesOf(BigInt64Array.of(value)) } }
    const texts = typeof value === 'string' ? [value] : value
    const shape = typeof value === 'string' ? [] : [texts.length]
    return { name, kind: 'utf8', shape, data: { places: this.#heap.add(texts) } }
  }
}

function split(path: string): [above: string, name: string] {
  const names = path.split('/').filter(Boolean)
  return [names.slice(0, -1).join('/'), names.at(-1) ?? '']
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}
