import type { BridgeArray, BridgeSource, BridgeTime } from '../bridge/message.js'
import { DTYPE_BYTES, viewAs } from '../model/dtypes.js'
import { type ModuleIndex, NO_CELL, type TrainId } from '../model/ids.js'

/** Frames of one module in one train, raw or corrected. */
export interface StreamedPart {
  readonly train: TrainId
  readonly module: ModuleIndex
  readonly time: BridgeTime
  /** Memory cell and pulse of each frame. */
  readonly cellIds: Uint16Array
  readonly pulseIds: BigUint64Array
}

/** Memory cells by their ids as they were stored. */
export function storedCells(stored: readonly bigint[]): Uint16Array {
  return Uint16Array.from(stored, id => (id >= 0n && id < BigInt(NO_CELL) ? Number(id) : NO_CELL))
}

/** Whole numbers, one a raw frame: made only when it is known that there are as many frames. */
export interface StoredIds {
  readonly length: number
  take(count: number): bigint[]
}

/** Ids of any integer type; a single one may come as a value, and several as a list. */
export function storedIds({ arrays, values }: BridgeSource, key: string): StoredIds | undefined {
  const array = arrays[key]
  if (array !== undefined)
    return array.dtype.startsWith('f')
      ? undefined
      : {
          length: array.data.byteLength / DTYPE_BYTES[array.dtype],
          take: count => elementsOf(array, count),
        }
  const value = values[key]
  const list = Array.isArray(value) ? value : [value]
  if (!list.every(id => typeof id === 'bigint' || Number.isSafeInteger(id))) return undefined
  return { length: list.length, take: count => list.slice(0, count).map(id => BigInt(id as number | bigint)) }
}

function elementsOf({ dtype, data }: BridgeArray, count: number): bigint[] {
  // Where it lies in a message need not be a multiple of its element's size.
  const own = Uint8Array.from(data.subarray(0, count * DTYPE_BYTES[dtype]))
  const elements = viewAs(dtype, own.buffer, 0, count)
  return Array.from(elements as ArrayLike<number | bigint>, id => BigInt.asUintN(64, BigInt(id)))
}

/** Whether two lists hold the same. */
export function sameItems<T>(a: ArrayLike<T>, b: ArrayLike<T>): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
