import { ftruncateSync } from 'node:fs'
import { writing } from '../../files/errors.js'
import { writeFully } from '../../files/read-write.js'
import { lookup3 } from '../direct/checksum.js'
import { FileView } from '../direct/file-view.js'
import { readLayout } from '../direct/layout.js'
import { findObject } from '../direct/locate.js'
import { readDataspace } from '../direct/messages.js'
import { MESSAGE } from '../direct/object-header.js'
import { readSuperblock } from '../direct/superblock.js'

/** What an index needs to know of its dataset. */
export interface Indexed {
  /** What addresses in the file are relative to: the size of the user block. */
  readonly base: number
  readonly shape: readonly number[]
  readonly chunkShape: readonly number[]
  readonly elementBytes: number
}

/** A dataset that was declared and has no chunks yet. */
export interface Declared extends Indexed {
  readonly file: string
  /** Absolute address of the field that says where the chunk index is. */
  readonly indexField: number
}

/** Chunks that were written, in any order: row-major numbers in the grid, byte addresses, bytes in the file. */
export interface WrittenChunks {
  readonly indices: ArrayLike<number>
  readonly addresses: ArrayLike<number>
  readonly sizes: ArrayLike<number>
}

/** Chunks of one size, each behind the one before, from byte `address` on. */
export function consecutive(count: number, address: number, chunkBytes: number): WrittenChunks {
  const indices = Float64Array.from({ length: count }, (_, i) => i)
  const addresses = indices.map(i => address + i * chunkBytes)
  return { indices, addresses, sizes: new Float64Array(count).fill(chunkBytes) }
}

/**
 * Finds a dataset that `NewFile` declared, in a file that is closed.
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
  const { levels, root, end } = chunkIndex(declared, chunks, Math.ceil(endOfFile / 8) * 8)
  const field = Buffer.alloc(8)
  field.writeBigUInt64LE(BigInt(root - declared.base))
  writing(declared.file, () => {
    for (const { address, bytes } of levels) writeFully(fd, bytes, address)
    writeFully(fd, field, declared.indexField)
  })
  return end
}

/**
 * The chunk index of a dataset with at least one chunk, to be written from `address` (a multiple of 8) on: its levels, the
 * address of its root and of what comes behind it.
 * @throws Error if a chunk is outside the grid or named twice: a mistake of the caller.
 */
export function chunkIndex(
  dataset: Indexed,
  chunks: WrittenChunks,
  address: number,
): { levels: { address: number; bytes: Uint8Array }[]; root: number; end: number } {
  const levels: { address: number; bytes: Uint8Array }[] = []
  let level = leafEntries(dataset, chunks)
  let end = address
  for (let height = 0; ; height++) {
    const nodes = buildLevel(dataset, level, height, end)
    levels.push({ address: end, bytes: nodes.bytes })
    end += nodes.bytes.length
    level = nodes.parents
    if (level.addresses.length === 1) return { levels, root: level.addresses[0] ?? 0, end }
  }
}

/** Children of one level of the tree in ascending order, each with its key: the one of its first chunk. */
interface Level {
  readonly addresses: Float64Array
  readonly keys: Uint32Array
  /** 32-bit words of a key. */
  readonly keyWords: number
  /** The key behind the last chunk. */
  readonly closing: Uint32Array
}

function leafEntries({ shape, chunkShape, elementBytes }: Indexed, chunks: WrittenChunks): Level {
  const { indices, addresses, sizes } = chunks
  const counts = shape.map((size, d) => Math.ceil(size / (chunkShape[d] ?? 1)))
  const total = counts.reduce((product, count) => product * count, 1)
  const order = ascending(indices)
  // Bytes of the chunk, mask of filters that were left out (none), origin in elements, and 0 for the element's own.
  const keyWords = 2 + 2 * (shape.length + 1)
  const keys = new Uint32Array(order.length * keyWords)
  let last = -1
  for (let rank = 0; rank < order.length; rank++) {
    const i = order[rank] ?? 0
    const number = indices[i] ?? -1
    if (!Number.isSafeInteger(number) || number <= last || number >= total) {
      throw new Error(`chunk ${number} after chunk ${last} in a grid of ${total}`)
    }
    last = number
    const at = rank * keyWords
    keys[at] = sizes[i] ?? 0
    setOrigin(keys, at + 2, number, counts, chunkShape, 0)
  }
  // The library's own closing key: one chunk further in every dimension, of no bytes.
  const closing = new Uint32Array(keyWords)
  setOrigin(closing, 2, last, counts, chunkShape, 1)
  setU64(closing, keyWords - 2, elementBytes)
  return { addresses: Float64Array.from(order, i => addresses[i] ?? 0), keys, keyWords, closing }
}

/** Positions of `indices` in ascending order of these, which they mostly have. */
function ascending(indices: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: indices.length }, (_, i) => i)
  for (let i = 1; i < order.length; i++)
    if ((indices[i] ?? 0) < (indices[i - 1] ?? 0))
      return order.sort((a, b) => (indices[a] ?? 0) - (indices[b] ?? 0))
  return order
}

/** Enters the offset of a chunk's first element in every dimension, `further` chunks on, from word `at`. */
function setOrigin(
  words: Uint32Array,
  at: number,
  number: number,
  counts: readonly number[],
  chunkShape: readonly number[],
  further: number,
): void {
  let rest = number
  for (let d = counts.length - 1; d >= 0; d--) {
    const count = counts[d] ?? 1
    const above = Math.floor(rest / count)
    setU64(words, at + 2 * d, (rest - above * count + further) * (chunkShape[d] ?? 1))
    rest = above
  }
}

/** In two halves: a BigInt each would take most of the time of an index. */
function setU64(words: Uint32Array, at: number, value: number): void {
  words[at] = value % 2 ** 32
  words[at + 1] = Math.floor(value / 2 ** 32)
}

/** Children of a node: twice the K = 32 that superblocks without a K of their own imply. */
const FAN_OUT = 64
/** Words of `TREE`, kind and height, number of children, and of both siblings. */
const HEAD_WORDS = 6
const TREE = Buffer.from('TREE').readUInt32LE()
/** All bits: no sibling. */
const NONE = -1

/** The nodes of one level, to be written at `address`, and their entries in the level above. */
function buildLevel(
  { base }: Indexed,
  level: Level,
  height: number,
  address: number,
): { bytes: Uint8Array; parents: Level } {
  const { addresses, keys, keyWords, closing } = level
  const nodes = Math.ceil(addresses.length / FAN_OUT)
  const nodeWords = HEAD_WORDS + FAN_OUT * (keyWords + 2) + keyWords
  const words = new Uint32Array(nodes * nodeWords)
  const parents = {
    addresses: new Float64Array(nodes),
    keys: new Uint32Array(nodes * keyWords),
    keyWords,
    closing,
  }
  const sibling = (node: number): number =>
    node < 0 || node >= nodes ? NONE : address + 4 * node * nodeWords - base
  for (let node = 0; node < nodes; node++) {
    const first = node * FAN_OUT
    const used = Math.min(FAN_OUT, addresses.length - first)
    let at = node * nodeWords
    parents.addresses[node] = address + 4 * at
    parents.keys.set(keys.subarray(first * keyWords, (first + 1) * keyWords), node * keyWords)
    words[at] = TREE
    words[at + 1] = 1 | (height << 8) | (used << 16) // 1: of chunks
    setU64(words, at + 2, sibling(node - 1))
    setU64(words, at + 4, sibling(node + 1))
    at += HEAD_WORDS
    for (let i = first; i < first + used; i++) {
      for (let k = i * keyWords; k < (i + 1) * keyWords; k++) words[at++] = keys[k] ?? 0
      setU64(words, at, (addresses[i] ?? 0) - base)
      at += 2
    }
    // A node ends with the key that the next one begins with.
    const next = first + used
    const end = next < addresses.length ? keys.subarray(next * keyWords, (next + 1) * keyWords) : closing
    words.set(end, at)
  }
  return { bytes: new Uint8Array(words.buffer), parents }
}

/**
 * Enters where the file ends into its superblock, and lengthens the file to it if it is shorter, which readers would
 * take for truncated. `file` is for messages.
 * @throws DataError if there is no sound superblock. @throws OutputError if the file cannot be written.
 */
export function setEndOfFile(fd: number, endOfFile: number, file = 'the output file'): void {
  const view = new FileView(fd, file, '/')
  const superblock = readSuperblock(view)
  const field = Buffer.alloc(8)
  field.writeBigUInt64LE(BigInt(endOfFile))
  writing(file, () => {
    if (view.size < endOfFile) ftruncateSync(fd, endOfFile)
    writeFully(fd, field, superblock.endField)
  })
  if (superblock.checked === 0) return
  const sum = Buffer.alloc(4)
  // Read anew: a view keeps what it has read.
  const changed = new FileView(fd, file, '/').read(superblock.address, superblock.checked, 'the superblock')
  sum.writeUInt32LE(lookup3(changed.bytes))
  writing(file, () => writeFully(fd, sum, superblock.address + superblock.checked))
}
