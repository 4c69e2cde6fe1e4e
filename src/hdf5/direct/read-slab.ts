import { closeSync, fstatSync, openSync } from 'node:fs'
import { DataError } from '../../model/errors.js'
import { type Box, byteOffset, copyBox, mergeRuns, stridesOf } from './box.js'
import { chunkParts } from './chunk-grid.js'
import { inSource, overlap } from './overlap.js'
import { BoxReader } from './read-box.js'
import { readChunk } from './read-chunk.js'
import type { ChunkedStorage, LocatedElements, Piece } from './types.js'

/**
 * Reads elements `start … start + count − 1` of every dimension into `out`, in C order without gaps, little-endian.
 * `out` may be a view on shared memory. `fd` is the file that `located` came from, `file` its name for messages.
 * @throws RangeError if the slab does not lie within the dataset or `out` has another size: a mistake of the caller.
 * @throws DataError naming file, dataset and chunk if the file is damaged.
 */
export function readSlab(
  fd: number,
  located: LocatedElements,
  start: readonly number[],
  count: readonly number[],
  out: Uint8Array,
  file: string,
): void {
  const { shape, elementBytes, storage } = located
  checkSlab(located, start, count, out)
  if (out.length === 0) return
  const targetStrides = stridesOf(count, elementBytes)
  const sourceStrides = stridesOf(shape, elementBytes)
  const source = byteOffset(start, sourceStrides)
  const box: Box = { count, elementBytes, sourceStrides, targetStrides, source, target: 0 }
  switch (storage.kind) {
    case 'compact':
      copyBox(storage.data, out, mergeRuns(box))
      break
    case 'contiguous':
      if (storage.address < 0) fillPattern(out, located.fillValue)
      else readContiguous(fd, located, { ...box, source: source + storage.address }, out, file)
      break
    case 'chunked':
      readChunks(fd, located, storage, start, count, out, file)
      break
    case 'elsewhere':
      readPieces(located, storage.pieces, start, count, out, file)
  }
}

/** Piece by piece, each from its own file; the fill value where there is none. */
function readPieces(
  located: LocatedElements,
  pieces: readonly Piece[],
  start: readonly number[],
  count: readonly number[],
  out: Uint8Array,
  file: string,
): void {
  const { elementBytes } = located
  const targetStrides = stridesOf(count, elementBytes)
  if (!coversAll(pieces, start, count)) fillPattern(out, located.fillValue)
  for (const piece of pieces) {
    const common = overlap(piece, start, count)
    if (common === undefined) continue
    const taken = inSource(piece, common)
    const bytes = new Uint8Array(common.count.reduce((product, n) => product * n, elementBytes))
    readSource(piece, taken.start, taken.count, bytes, { file, dataset: located.path })
    const target = byteOffset(
      common.start.map((at, d) => at - (start[d] ?? 0)),
      targetStrides,
    )
    const sourceStrides = stridesOf(common.count, elementBytes)
    const box = { count: common.count, elementBytes, sourceStrides, targetStrides, source: 0, target }
    copyBox(bytes, out, mergeRuns(box))
  }
}

/** One piece that has all: nothing is to be filled. */
function coversAll(pieces: readonly Piece[], start: readonly number[], count: readonly number[]): boolean {
  return pieces.some(piece => {
    const common = overlap(piece, start, count)
    return common?.count.every((length, d) => length === count[d]) ?? false
  })
}

/** @throws DataError if the source is not the file it was when it was looked at. */
function readSource(
  { file, size, mtimeMs, located }: Piece,
  start: readonly number[],
  count: readonly number[],
  out: Uint8Array,
  place: { file: string; dataset: string },
): void {
  const changed = (how: string): DataError =>
    new DataError(`its source ${file} ${how} while it was read`, {
      place,
      hint: 'Wait until nobody writes to it, then try again',
    })
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch (error) {
    throw changed(`could not be opened (${(error as NodeJS.ErrnoException).code ?? 'error'})`)
  }
  try {
    const now = fstatSync(fd)
    if (now.size !== size || now.mtimeMs !== mtimeMs) throw changed('changed')
    readSlab(fd, located, start, count, out, file)
  } finally {
    closeSync(fd)
  }
}

function checkSlab(
  { shape, elementBytes }: LocatedElements,
  start: readonly number[],
  count: readonly number[],
  out: Uint8Array,
): void {
  const within = shape.every((size, d) => {
    const [first, length] = [start[d] ?? -1, count[d] ?? -1]
    const whole = Number.isSafeInteger(first) && Number.isSafeInteger(length)
    return whole && first >= 0 && length >= 0 && first + length <= size
  })
  if (!within || start.length !== shape.length || count.length !== shape.length) {
    throw new RangeError(`slab [${start}] + [${count}] of a dataset of shape [${shape}]`)
  }
  const bytes = count.reduce((product, size) => product * size, elementBytes)
  if (out.length !== bytes) throw new RangeError(`${out.length} bytes for a slab of ${bytes}`)
}

function readContiguous(fd: number, located: LocatedElements, box: Box, out: Uint8Array, file: string): void {
  const reader = new BoxReader(fd, { file, dataset: located.path }, out)
  reader.read(mergeRuns(box))
  reader.flush()
}

function readChunks(
  fd: number,
  located: LocatedElements,
  storage: ChunkedStorage,
  start: readonly number[],
  count: readonly number[],
  out: Uint8Array,
  file: string,
): void {
  const { shape, elementBytes } = located
  const { chunkShape, filters, addresses } = storage
  const sourceStrides = stridesOf(chunkShape, elementBytes)
  const targetStrides = stridesOf(count, elementBytes)
  const reader = new BoxReader(fd, { file, dataset: located.path }, out)
  let merged: Box | undefined
  let mergedFor: readonly number[] | undefined
  for (const part of chunkParts({ shape, chunkShape, elementBytes }, start, count)) {
    const { number, inChunk, inSlab } = part
    if (merged === undefined || mergedFor !== part.count) {
      mergedFor = part.count
      const strides = { sourceStrides, targetStrides }
      merged = mergeRuns({ count: mergedFor, elementBytes, ...strides, source: 0, target: 0 })
    }
    const address = addresses[number] ?? -1
    const plain = address >= 0 && filters.length === 0
    const box = { ...merged, source: plain ? address + inChunk : inChunk, target: inSlab }
    if (plain) reader.read(box)
    else if (address < 0) fillBox(out, box, located.fillValue)
    else copyBox(readChunk(fd, located, storage, number, file), out, box)
  }
  reader.flush()
}

/** Writes the fill value (absent: zeros) over all of `out`. */
export function fillPattern(out: Uint8Array, value: Uint8Array | undefined): void {
  if (value === undefined) {
    out.fill(0)
    return
  }
  out.set(value)
  for (let done = value.length; done < out.length; done *= 2) out.copyWithin(done, 0, done)
}

function fillBox(out: Uint8Array, box: Box, value: Uint8Array | undefined): void {
  const run = new Uint8Array(box.elementBytes)
  fillPattern(run, value)
  copyBox(run, out, { ...box, source: 0, sourceStrides: box.sourceStrides.map(() => 0) })
}
