import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { arrayOf, DTYPE_BYTES, type DType } from '../../../src/model/dtypes.js'

/** One dataset of the golden files, as make_files.py lists it. */
export interface Golden {
  readonly name: string
  readonly path: string
  readonly shape: number[]
  readonly maxShape: (number | null)[]
  readonly dtype: string
  /** Per dimension first and end of what was written. */
  readonly written: [number, number][]
  readonly fill: number
  readonly supported: boolean
}

export const goldenFile = (name: string): string =>
  fileURLToPath(new URL(`../../golden/hdf5/${name}`, import.meta.url))

type Row = [string, string, Omit<Golden, 'name' | 'path'>]

export const goldens: readonly Golden[] = (
  JSON.parse(readFileSync(goldenFile('files.json'), 'utf8')) as Row[]
).map(([name, path, note]) => ({ name, path, ...note }))

export const goldenNames: readonly string[] = [...new Set(goldens.map(golden => golden.name))]

/** The bytes of a whole golden dataset in C order, by the formula of make_files.py. */
export function expectedBytes({ shape, dtype, written, fill }: Golden): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1)
  const array = arrayOf(dtype as DType, count)
  const big = dtype === 'i8' || dtype === 'u8'
  for (let n = 0; n < count; n++) {
    let rest = n
    let inside = true
    for (let d = shape.length - 1; d >= 0; d--) {
      const at = rest % shape[d]!
      rest = Math.floor(rest / shape[d]!)
      inside &&= at >= written[d]![0] && at < written[d]![1]
    }
    const value = inside ? (n * 7 + 3) % 251 : fill
    array[n] = big ? BigInt(value) : value
  }
  return new Uint8Array(array.buffer)
}

/** The slab of an array in C order, element by element: the plainest way there is. */
export function naiveSlab(
  bytes: Uint8Array,
  shape: readonly number[],
  elementBytes: number,
  start: readonly number[],
  count: readonly number[],
): Uint8Array {
  const total = count.reduce((product, size) => product * size, 1)
  const out = new Uint8Array(total * elementBytes)
  for (let n = 0; n < total; n++) {
    let rest = n
    let from = 0
    let stride = 1
    for (let d = shape.length - 1; d >= 0; d--) {
      from += (start[d]! + (rest % count[d]!)) * stride
      rest = Math.floor(rest / count[d]!)
      stride *= shape[d]!
    }
    out.set(bytes.subarray(from * elementBytes, (from + 1) * elementBytes), n * elementBytes)
  }
  return out
}

export function withFd<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, 'r')
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

export const elementBytesOf = (dtype: string): number => DTYPE_BYTES[dtype as DType]
