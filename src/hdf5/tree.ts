import { arrayOf, type DType, type TypedArrayOf } from '../model/dtypes.js'
import { TYPE_NAMES } from './declare.js'
import type { Attributes } from './exdf-description.js'
import { requireGroup, unseen } from './groups.js'
import type { File } from './library.js'

/** What is known of a dataset besides its place; `growable` leaves the first axis without limit. */
export interface DatasetOptions {
  readonly shape: readonly number[]
  readonly chunk?: readonly number[]
  readonly deflate?: number
  readonly growable?: boolean
}

/** Writes `data` (C order) as dataset `path`, creating its groups. */
export function writeArray<D extends DType>(
  file: File,
  path: string,
  dtype: D,
  data: TypedArrayOf<D>,
  options: DatasetOptions,
): void {
  const { shape, deflate, growable = false } = options
  // HDF5 stores data that may grow in chunks only.
  const chunk = options.chunk ?? (growable ? shape.map(extent => Math.max(1, extent)) : undefined)
  requireGroup(file, parentOf(path))
  unseen(file).create_dataset({
    name: path,
    data,
    dtype: TYPE_NAMES[dtype],
    shape: [...shape],
    maxshape: growable ? [null, ...shape.slice(1)] : [...shape],
    ...(chunk ? { chunks: [...chunk] } : {}),
    ...(deflate === undefined ? {} : { compression: 'gzip', compression_opts: deflate }),
  })
}

/** Creates the soft link `path` to the absolute path `target`, which may be missing. */
export function writeSoftLink(file: File, target: string, path: string): void {
  requireGroup(file, parentOf(path))
  file.create_soft_link(target, path)
}

/** Writes a one-dimensional dataset of numbers as `dtype`. */
export function writeColumn(
  file: File,
  path: string,
  dtype: DType,
  values: readonly (number | bigint)[],
  options: { readonly growable?: boolean } = {},
): void {
  const data = arrayOf(dtype, values.length)
  for (const [i, value] of values.entries()) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value)
    else data[i] = Number(value)
  }
  writeArray(file, path, dtype, data, { shape: [values.length], ...options })
}

/** Writes a one-dimensional dataset of variable-length strings: ASCII as the DAQ does, else UTF-8. */
export function writeStrings(
  file: File,
  path: string,
  values: readonly string[],
  options: { readonly growable?: boolean } = {},
): void {
  requireGroup(file, parentOf(path))
  const growable = options.growable ?? false
  unseen(file).create_dataset({
    name: path,
    data: [...values],
    dtype: values.every(isAscii) ? 'A' : 'S',
    shape: [values.length],
    maxshape: [growable ? null : values.length],
    ...(growable ? { chunks: [Math.max(1, values.length)] } : {}),
  })
}

/** Sets attributes on the group or dataset at `path`; `/` is the file. */
export function writeAttributes(file: File, path: string, attributes: Attributes): void {
  const object = file.get(path) as File
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'number') object.create_attribute(name, new Float64Array([value]), [], '<d')
    else if (typeof value === 'bigint') object.create_attribute(name, new BigInt64Array([value]), [], '<q')
    else if (typeof value === 'string') object.create_attribute(name, value, [], 'S')
    else object.create_attribute(name, [...value], [value.length], 'S')
  }
}

function parentOf(path: string): string {
  const end = path.lastIndexOf('/')
  return end <= 0 ? '/' : path.slice(0, end)
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}
