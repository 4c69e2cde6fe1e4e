import type { DType } from '../model/dtypes.js'

/** An array of a bridge message: C order, little-endian. */
export interface BridgeArray {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Exactly its bytes; may be a view on memory that others own. */
  readonly data: Uint8Array
}

/** Values that are not arrays: what msgpack holds. Integers beyond ±2^32 are bigints. */
export type BridgeValue = string | number | bigint | boolean | null | readonly BridgeValue[]

/** When a train was, by the time server. */
export interface BridgeTime {
  /** Train id. */
  readonly train: bigint
  /** Seconds since 1970 UTC, and attoseconds of that second; absent where a sender has no clock. */
  readonly seconds?: bigint
  readonly attoseconds?: bigint
}

/** One source of a train: a module, a detector, a control device. */
export interface BridgeSource {
  readonly name: string
  readonly time: BridgeTime
  /** By Karabo's key: `image.passport`. */
  readonly values: Readonly<Record<string, BridgeValue>>
  readonly arrays: Readonly<Record<string, BridgeArray>>
}

/** Versions of the protocol: 1.0 is one frame, 2.2 two frames a source and two more an array. */
export const BRIDGE_VERSIONS = ['1.0', '2.2'] as const
export type BridgeVersion = (typeof BRIDGE_VERSIONS)[number]
