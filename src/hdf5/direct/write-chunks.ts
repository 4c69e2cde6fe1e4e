import { ftruncateSync, writeSync } from 'node:fs'
import { OutputError } from '../../model/errors.js'
import { lookup3 } from './checksum.js'
import { FileView } from './file-view.js'
import { readLayout } from './layout.js'
import { findObject } from './locate.js'
import { readDataspace } from './messages.js'
import { MESSAGE } from './object-header.js'
import { readSuperblock } from './superblock.js'

/** A dataset that the library has declared and that has no chunks yet. */
export interface Declared {
  readonly file: string
  /** Absolute address of the field that says where the chunk index is. */
  readonly indexField: number
  /** What addresses in the file are relative to: the size of the user block. */
  readonly base: number
  readonly shape: readonly number[]
  readonly chunkShape: readonly number[]
  readonly elementBytes: number
}

/** Chunks that were written, in any order: row-major numbers in the grid, byte addresses, bytes in the file. */
export interface WrittenChunks {
  readonly indices: ArrayLike<number>
  readonly addresses: ArrayLike<number>
  readonly sizes: ArrayLike<number>
}

/**
 * Finds a dataset made by `declareChunked`, in a file that the library has closed.
 * @throws Error if it was made in another way or has chunks already: a mistake of the caller.
 * @throws DataError if the file is damaged.
 */
export function findDeclared(fd: number, path: string, file: string): Declared {
  const view = new FileView(fd, file, path)
  const header = findObject(view, path)
  const dataspace = header.messages.find(message => message.type === MESSAGE.dataspace)
  const message = header.messages.find(({ type }) => type === MESSAGE.layout)
  if (dataspace === undefined || message === undefined) throw view.damaged('it is not a dataset')
  const layout = readLayout(message.open())
  // Version 2 headers carry a checksum, version 1 superblocks another K: declareChunked makes neither.
  const known = header.version === 1 && readSuperblock(view).version !== 1
  if (!known || layout.kind !== 'chunked' || layout.index.kind !== 'btree1' || layout.index.address >= 0) {
    throw new Error(`${file}, ${path}: not a freshly declared chunked dataset`)
  }
  return {
    file,
    indexField: message.address + 3, // behind version, class and rank
    base: view.base,
    shape: readDataspace(dataspace.open()).shape,
    chunkShape: layout.chunkShape,
    elementBytes: layout.elementBytes,
  }
}

/**
 * Writes the chunk index of a declared dataset at `endOfFile` and enters it into the dataset's header. Returns the
 * new end of file, for {@link setEndOfFile} once all datasets are done.
 * @throws Error if a chunk is outside the grid or named twice: a mistake of the caller.
 * @throws OutputError if the file cannot be written.
 */
export function writeChunkIndex(
  fd: number,
  declared: Declared,
  chunks: WrittenChunks,
  endOfFile: number,
): number {
  if (chunks.indices.length === 0) return endOfFile
  let level = leafEntries(declared, chunks)
  let end = Math.ceil(endOfFile / 8) * 8
  for (let height = 0; ; height++) {
    const nodes = buildLevel(declared, level, height, end)
    writeFully(fd, nodes.bytes, end, declared.file)
    end += nodes.bytes.length
    level = nodes.parents
    if (level.addresses.length === 1) break
  }
  const root = Buffer.alloc(8)
  root.writeBigUInt64LE(BigInt((level.addresses[0] ?? 0) - declared.base))
  writeFully(fd, root, declared.indexField, declared.file)
  return end
}

/** Children of one level of the tree in ascending order, each with its key: the one of its first chunk. */
interface Level {
  readonly addresses: Float64Array
  readonly keys: Buffer
  readonly keyBytes: number
  /** The key behind the last chunk. */
  readonly closing: Buffer
}

function leafEntries({ shape, chunkShape, elementBytes }: Declared, chunks: WrittenChunks): Level {
  const { indices, addresses, sizes } = chunks
  const counts = shape.map((size, d) => Math.ceil(size / (chunkShape[d] ?? 1)))
  const total = counts.reduce((product, count) => product * count, 1)
  const order = Uint32Array.from({ length: indices.length }, (_, i) => i)
  order.sort((a, b) => (indices[a] ?? 0) - (indices[b] ?? 0))
  const keyBytes = 8 + 8 * (shape.length + 1)
  const keys = Buffer.alloc(order.length * keyBytes)
  const words = wordsOf(keys)
  const origin = new Float64Array(shape.length)
  let last = -1
  for (let rank = 0; rank < order.length; rank++) {
    const i = order[rank] ?? 0
    const number = indices[i] ?? -1
    if (!Number.isSafeInteger(number) || number <= last || number >= total) {
      throw new Error(`chunk ${number} after chunk ${last} in a grid of ${total}`)
    }
    last = number
    const at = rank * keyBytes
    words.setUint32(at, sizes[i] ?? 0, true) // filter mask behind it: 0, all filters applied
    originOf(number, counts, chunkShape, origin)
    for (let d = 0; d < origin.length; d++) setU64(words, at + 8 + 8 * d, origin[d] ?? 0)
  }
  // The library's own closing key: one chunk further in every dimension, of no bytes.
  const closing = Buffer.alloc(keyBytes)
  originOf(last, counts, chunkShape, origin)
  for (let d = 0; d < origin.length; d++)
    setU64(wordsOf(closing), 8 + 8 * d, (origin[d] ?? 0) + (chunkShape[d] ?? 1))
  setU64(wordsOf(closing), keyBytes - 8, elementBytes)
  return { addresses: Float64Array.from(order, i => addresses[i] ?? 0), keys, keyBytes, closing }
}

/** The offset of a chunk's first element in every dimension. */
function originOf(
  number: number,
  counts: readonly number[],
  chunkShape: readonly number[],
  origin: Float64Array,
): void {
  let rest = number
  for (let d = counts.length - 1; d >= 0; d--) {
    const count = counts[d] ?? 1
    const above = Math.floor(rest / count)
    origin[d] = (rest - above * count) * (chunkShape[d] ?? 1)
    rest = above
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** In two halves: a BigInt each would take most of the time of an index. */
function setU64(words: DataView, at: number, value: number): void {
  words.setUint32(at, value % 2 ** 32, true)
  words.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
}

/** Children of a node: twice the K = 32 that superblocks without a K of their own imply. */
const FAN_OUT = 64
const UNDEFINED = 0xffff_ffff_ffff_ffffn

/** The nodes of one level, to be written at `address`, and their entries in the level above. */
function buildLevel(
  { base }: Declared,
  level: Level,
  height: number,
  address: number,
): { bytes: Buffer; parents: Level } {
  const { addresses, keys, keyBytes, closing } = level
  const nodes = Math.ceil(addresses.length / FAN_OUT)
  const nodeBytes = 24 + FAN_OUT * (keyBytes + 8) + keyBytes
  const bytes = Buffer.alloc(nodes * nodeBytes)
  const words = wordsOf(bytes)
  const parents = {
    addresses: new Float64Array(nodes),
    keys: Buffer.alloc(nodes * keyBytes),
    keyBytes,
    closing,
  }
  const sibling = (node: number): bigint =>
    node < 0 || node >= nodes ? UNDEFINED : BigInt(address + node * nodeBytes - base)
  for (let node = 0; node < nodes; node++) {
    const first = node * FAN_OUT
    const used = Math.min(FAN_OUT, addresses.length - first)
    let at = node * nodeBytes
    parents.addresses[node] = address + at
    keys.copy(parents.keys, node * keyBytes, first * keyBytes, (first + 1) * keyBytes)
    bytes.write('TREE', at, 'latin1')
    bytes.writeUInt8(1, at + 4) // of chunks
    bytes.writeUInt8(height, at + 5)
    bytes.writeUInt16LE(used, at + 6)
    bytes.writeBigUInt64LE(sibling(node - 1), at + 8)
    bytes.writeBigUInt64LE(sibling(node + 1), at + 16)
    at += 24
    for (let i = first; i < first + used; i++) {
      at += keys.copy(bytes, at, i * keyBytes, (i + 1) * keyBytes)
      setU64(words, at, (addresses[i] ?? 0) - base)
      at += 8
    }
    // A node ends with the key that the next one begins with.
    const next = first + used
    if (next < addresses.length) keys.copy(bytes, at, next * keyBytes, (next + 1) * keyBytes)
    else closing.copy(bytes, at)
  }
  return { bytes, parents }
}

/**
 * Enters where the file ends into its superblock, and lengthens the file to it if it is shorter, which readers would
 * take for truncated. `file` is for messages.
 * @throws DataError if there is no sound superblock. @throws OutputError if the file cannot be written.
 */
export function setEndOfFile(fd: number, endOfFile: number, file = 'the output file'): void {
  const view = new FileView(fd, file, '/')
  const superblock = readSuperblock(view)
  if (view.size < endOfFile) orFail(file, () => ftruncateSync(fd, endOfFile))
  const field = Buffer.alloc(8)
  field.writeBigUInt64LE(BigInt(endOfFile))
  writeFully(fd, field, superblock.endField, file)
  if (superblock.checked === 0) return
  const sum = Buffer.alloc(4)
  // Read anew: a view keeps what it has read.
  const changed = new FileView(fd, file, '/').read(superblock.address, superblock.checked, 'the superblock')
  sum.writeUInt32LE(lookup3(changed.bytes))
  writeFully(fd, sum, superblock.address + superblock.checked, file)
}

/** Writes all of `bytes` to byte `position`. @throws OutputError naming `file`. */
export function writeFully(fd: number, bytes: Uint8Array, position: number, file: string): void {
  orFail(file, () => {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(fd, bytes, done, bytes.length - done, position + done)
    }
  })
}

function orFail(file: string, action: () => void): void {
  try {
    action()
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new OutputError(problem, {
      place: { file },
      hint: 'Check free space and permissions',
      cause: error,
    })
  }
}
