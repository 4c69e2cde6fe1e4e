import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DECLARING } from '../src/hdf5/declare.js'
import { type Group, withFile } from '../src/hdf5/library.js'
import { arrayOf, DTYPE_BYTES, type DType, type TypedArrayOf } from '../src/model/dtypes.js'
import { isDetcalError, OutputError } from '../src/model/errors.js'

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
  /** All elements in disk order, or a function that gives those of rows `first … first + count − 1` of the first axis. */
  readonly data: TypedArrayOf<D> | ((first: number, count: number) => TypedArrayOf<D>)
}

/** Rows of the first axis are handed to the library in batches of about this many bytes. */
const BATCH_BYTES = 16 * 2 ** 20

/**
 * Writes a file of constants in CalCat's layout. It appears under `path` only when it is whole and on disk; a file
 * that is there is replaced. One chunk holds one row of the first axis, uncompressed, so that any reader gets at a
 * strip of slow-scan rows without the rest.
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
  const { pdu, calibration, index = 0, shape, dtype, dims } = constant
  const [rows = 0, ...row] = shape
  const rowElements = row.reduce((product, length) => product * length, 1)
  if (rows < 1 || rowElements < 1 || dims.length !== shape.length)
    throw new TypeError(`${calibration}: axes (${dims.join(', ')}) of shape (${shape.join(', ')})`)

  const group = [pdu, calibration, String(index)].reduce<Group>(subgroup, file)
  const dataset = group.create_dataset({
    name: 'data',
    data: arrayOf(dtype, 0),
    shape: [0, ...row],
    maxshape: [...shape],
    chunks: [1, ...row],
  })
  dataset.create_attribute('dims', [...dims])
  dataset.resize([...shape])

  const batch = Math.max(1, Math.floor(BATCH_BYTES / (rowElements * DTYPE_BYTES[dtype])))
  for (let first = 0; first < rows; first += batch) {
    const count = Math.min(batch, rows - first)
    const data =
      typeof constant.data === 'function'
        ? constant.data(first, count)
        : constant.data.subarray(first * rowElements, (first + count) * rowElements)
    if (data.length !== count * rowElements)
      throw new TypeError(`${calibration}: ${data.length} elements for ${count} rows of ${rowElements}`)
    dataset.write_slice([[first, first + count], ...row.map((length): [number, number] => [0, length])], data)
  }
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
