import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DECLARING, TYPE_NAMES } from '../src/hdf5/declare.js'
import { type Group, withFile } from '../src/hdf5/library.js'
import { arrayOf, DTYPE_BYTES, type DType, type TypedArrayOf } from '../src/model/dtypes.js'
import { isDetcalError, OutputError } from '../src/model/errors.js'
import { type Statements, writeStatements } from './statements.js'

/** A constant to be written: its place in the file, its axes, its numbers. */
export interface ConstantArray<D extends DType = DType> {
  readonly pdu: string
  readonly calibration: string
  /** 0 where it is left out. */
  readonly index?: number
  /** In disk order, slowest first, each at least 1: CalCat's is fast scan, slow scan, cell, gain. */
  readonly shape: readonly number[]
  /** Names of the axes of `shape`. */
  readonly dims: readonly string[]
  readonly dtype: D
  /**
   * All elements in disk order, or a function that gives those of a slab: `start` and `count` of every axis. Slabs are
   * whole rows of the first axis unless one takes more than {@link BATCH_BYTES}.
   */
  readonly data: TypedArrayOf<D> | SlabOf<D>
  /** What the file says of it besides. */
  readonly statements?: Statements
}

export type SlabOf<D extends DType> = (start: readonly number[], count: readonly number[]) => TypedArrayOf<D>

/** Elements are handed to the library in batches of about this many bytes. */
export const BATCH_BYTES = 16 * 2 ** 20

/**
 * Writes a file of constants in CalCat's layout. It appears under `path` only when it is whole and on disk; a file
 * that is there is replaced. One chunk holds one row of the first axis (of several, where that is large), uncompressed,
 * so that any reader gets at a strip of slow-scan rows without the rest.
 * @throws OutputError naming the file if it cannot be written; TypeError if data and shape disagree.
 */
export async function writeConstants(path: string, constants: readonly ConstantArray[]): Promise<void> {
  // No .h5 at its end: readers that open every such file of a folder must not meet it.
  const temporary = `${path}.part-${process.pid}`
  try {
    await withFile(
      temporary,
      'w',
      file => {
        for (const constant of constants) writeConstant(file, constant)
      },
      DECLARING,
    )
    synced(temporary)
    renameSync(temporary, path)
    synced(dirname(path))
  } catch (error) {
    rmSync(temporary, { force: true })
    if (!(isDetcalError(error, 'output') || isSystemError(error))) throw error
    throw new OutputError(error.message, {
      place: { file: path },
      hint: 'Check free space and permissions of its folder',
      cause: error,
    })
  }
}

function writeConstant(file: Group, constant: ConstantArray): void {
  const { pdu, calibration, index = 0, shape, dtype, dims, data } = constant
  const elements = productOf(shape)
  if (shape.length === 0 || elements < 1 || dims.length !== shape.length)
    throw new TypeError(`${calibration}: axes (${dims.join(', ')}) of shape (${shape.join(', ')})`)

  const unit = subgroup(file, pdu)
  const group = subgroup(subgroup(unit, calibration), String(index))
  const outer = outerAxes(shape, DTYPE_BYTES[dtype])
  const dataset = group.create_dataset({
    name: 'data',
    data: arrayOf(dtype, 0),
    dtype: TYPE_NAMES[dtype],
    shape: [0, ...shape.slice(1)],
    maxshape: [...shape],
    chunks: shape.map((length, axis) => (axis < outer ? 1 : length)),
  })
  dataset.create_attribute('dims', [...dims])
  dataset.resize([...shape])
  if (constant.statements) writeStatements(unit, group, constant.statements)

  for (const { start, count, first } of slabsOf(shape, outer, DTYPE_BYTES[dtype])) {
    const length = productOf(count)
    const slab = typeof data === 'function' ? data(start, count) : data.subarray(first, first + length)
    if (slab.length !== length)
      throw new TypeError(`${calibration}: ${slab.length} elements for a slab of ${count.join(' × ')}`)
    const ranges = start.map((from, axis): [number, number] => [from, from + (count[axis] ?? 0)])
    dataset.write_slice(ranges, slab)
  }
}

/** Leading axes of which one position each is in a chunk: one, or as many as make its bytes fit a batch. */
function outerAxes(shape: readonly number[], elementBytes: number): number {
  let outer = 1
  while (outer < shape.length && productOf(shape.slice(outer)) * elementBytes > BATCH_BYTES) outer++
  return outer
}

/** Slabs of rows of the last outer axis, in disk order; `first` is the position of the slab's first element. */
function* slabsOf(
  shape: readonly number[],
  outer: number,
  elementBytes: number,
): Generator<{ start: number[]; count: number[]; first: number }> {
  const inner = shape.slice(outer)
  const row = productOf(inner)
  const rows = shape[outer - 1] ?? 1
  const batch = Math.max(1, Math.floor(BATCH_BYTES / (row * elementBytes)))
  const above = shape.slice(0, outer - 1)
  for (let position = 0; position < productOf(above); position++) {
    const indices = indicesOf(position, above)
    for (let at = 0; at < rows; at += batch) {
      const count = Math.min(batch, rows - at)
      yield {
        start: [...indices, at, ...inner.map(() => 0)],
        count: [...indices.map(() => 1), count, ...inner],
        first: (position * rows + at) * row,
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

function productOf(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1)
}

function subgroup(parent: Group, name: string): Group {
  const there = parent.keys().includes(name) ? parent.get(name) : null
  return there !== null && 'create_group' in there ? there : parent.create_group(name)
}

function synced(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
