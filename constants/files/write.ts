import { closeSync, fstatSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { writing } from '../../src/files/errors.js'
import { writeWhole } from '../../src/files/publish.js'
import { writeFully } from '../../src/files/read-write.js'
import { NewFile } from '../../src/hdf5/create/new-file.js'
import {
  consecutive,
  findDeclared,
  setEndOfFile,
  writeChunkIndex,
} from '../../src/hdf5/create/write-chunks.js'
import { DTYPE_BYTES, type DType, type TypedArrayOf } from '../../src/model/dtypes.js'
import { productOf } from '../../src/model/shapes.js'
import type { StoredConstant } from './layout.js'
import { type Statements, writeStatements } from './statements.js'

/** A constant to be written, all but its numbers: its place in the file, its axes. */
export interface ConstantDescription<D extends DType = DType> {
  readonly pdu: string
  readonly calibration: string
  /** 0 where it is left out. */
  readonly index?: number
  /** In disk order, slowest first, each at least 1: CalCat's is fast scan, slow scan, cell, gain. */
  readonly shape: readonly number[]
  /** Names of the axes of `shape`. */
  readonly dims: readonly string[]
  readonly dtype: D
  /** What the file says of it besides. */
  readonly statements?: Statements
}

/** A constant to be written. */
export interface ConstantArray<D extends DType = DType> extends ConstantDescription<D> {
  /** All elements in disk order, or a function that gives those of a slab, which need not last longer than until the next. */
  readonly data: TypedArrayOf<D> | SlabOf<D>
  /** Slabs are whole rows of the first axis unless one takes more bytes than these; {@link BATCH_BYTES}, or fewer. */
  readonly slabBytes?: number
}

/** Elements of a slab: `start` and `count` of every axis. Slabs are asked for in disk order. */
export type SlabOf<D extends DType> = (start: readonly number[], count: readonly number[]) => TypedArrayOf<D>

/** Elements are written in batches of about this many bytes. */
export const BATCH_BYTES = 16 * 2 ** 20

/**
 * Writes a file of constants in CalCat's layout. It appears under `path` only when it is whole and on disk; a file
 * that is there is replaced. One chunk holds one row of the first axis (of several, where that is large), uncompressed,
 * so that any reader gets at a strip of slow-scan rows without the rest.
 * @throws OutputError naming the file if it cannot be written; TypeError if data and shape disagree.
 */
export async function writeConstants(path: string, constants: readonly ConstantArray[]): Promise<void> {
  await writeWhole(path, part => {
    declareConstants(part, constants)
    fillConstants(part, constants)
  })
}

/**
 * Creates a file of constants without any of their numbers, which {@link fillConstants} has to add.
 * @throws OutputError naming the file; TypeError if axes and shape disagree.
 */
export function declareConstants(path: string, constants: readonly ConstantDescription[]): void {
  const file = new NewFile()
  for (const constant of constants) declareConstant(file, constant)
  file.write(path)
}

function declareConstant(file: NewFile, constant: ConstantDescription): void {
  const { pdu, calibration, shape, dtype, dims, statements } = constant
  if (shape.length === 0 || productOf(shape) < 1 || dims.length !== shape.length)
    throw new TypeError(`${calibration}: axes (${dims.join(', ')}) of shape (${shape.join(', ')})`)
  const path = datasetOf(constant)
  file.declare(path, dtype, { shape, chunk: chunkShapeOf(constant) })
  file.attributes(path, { dims })
  if (statements) writeStatements(file, pdu, dirname(path), statements)
}

/** How a constant that was written comes back from its file. */
export function storedAs(constant: ConstantDescription): StoredConstant {
  const { pdu, calibration, index = 0, shape, dims, dtype, statements } = constant
  const dataset = dirname(datasetOf(constant))
  return {
    ...{ pdu, calibration, index, dataset, shape, dims, dtype },
    statements: statements ?? { conditions: {}, places: [] },
  }
}

/**
 * Adds the numbers of constants to the file that {@link declareConstants} made for them, each chunk behind the other. It is
 * not on disk before it is `flushed`.
 * @throws OutputError naming the file; TypeError if data and shape disagree.
 */
export function fillConstants(path: string, constants: readonly ConstantArray[]): void {
  writing(path, () => {
    const fd = openSync(path, 'r+')
    try {
      let end = fstatSync(fd).size
      for (const constant of constants) end = fillConstant(fd, path, constant, end)
      setEndOfFile(fd, end, path)
    } finally {
      closeSync(fd)
    }
  })
}

/** @returns where the file ends then. */
function fillConstant(fd: number, path: string, constant: ConstantArray, endOfFile: number): number {
  const { calibration, shape, dtype, data, slabBytes = BATCH_BYTES } = constant
  const declared = findDeclared(fd, datasetOf(constant), path)
  const elementBytes = DTYPE_BYTES[dtype]
  const first = Math.ceil(endOfFile / 8) * 8
  for (const { start, count, at } of slabsOf(
    shape,
    outerAxes(shape, elementBytes),
    slabBytes / elementBytes,
  )) {
    const length = productOf(count)
    const slab = typeof data === 'function' ? data(start, count) : data.subarray(at, at + length)
    if (slab.length !== length)
      throw new TypeError(`${calibration}: ${slab.length} elements for a slab of ${count.join(' × ')}`)
    const bytes = new Uint8Array(slab.buffer, slab.byteOffset, slab.byteLength)
    writeFully(fd, bytes, first + at * elementBytes)
  }
  // Rows of the first axis lie in the order of their chunks.
  const bytes = productOf(chunkShapeOf(constant)) * elementBytes
  const chunks = (productOf(shape) * elementBytes) / bytes
  return writeChunkIndex(fd, declared, consecutive(chunks, first, bytes), first + chunks * bytes)
}

/** Path of a constant's dataset in its file. */
function datasetOf({ pdu, calibration, index = 0 }: ConstantDescription): string {
  return `/${pdu}/${calibration}/${index}/data`
}

function chunkShapeOf({ shape, dtype }: ConstantDescription): number[] {
  const outer = outerAxes(shape, DTYPE_BYTES[dtype])
  return shape.map((length, axis) => (axis < outer ? 1 : length))
}

/** Leading axes of which one position each is in a chunk: one, or as many as make its bytes fit a batch. */
function outerAxes(shape: readonly number[], elementBytes: number): number {
  let outer = 1
  while (outer < shape.length && productOf(shape.slice(outer)) * elementBytes > BATCH_BYTES) outer++
  return outer
}

/** Slabs of rows of the last outer axis, of about `most` elements, in disk order; `at` is the position of the first element. */
function* slabsOf(
  shape: readonly number[],
  outer: number,
  most: number,
): Generator<{ start: number[]; count: number[]; at: number }> {
  const inner = shape.slice(outer)
  const row = productOf(inner)
  const rows = shape[outer - 1] ?? 1
  const batch = Math.max(1, Math.floor(most / row))
  const above = shape.slice(0, outer - 1)
  for (let position = 0; position < productOf(above); position++) {
    const indices = indicesOf(position, above)
    for (let from = 0; from < rows; from += batch) {
      const count = Math.min(batch, rows - from)
      yield {
        start: [...indices, from, ...inner.map(() => 0)],
        count: [...indices.map(() => 1), count, ...inner],
        at: (position * rows + from) * row,
      }
    }
  }
}

/** The index in each axis of element `position` of an array of `shape`. */
function indicesOf(position: number, shape: readonly number[]): number[] {
  let rest = position
  return shape
    .toReversed()
    .map(length => {
      const index = rest % length
      rest = Math.floor(rest / length)
      return index
    })
    .reverse()
}
