import type { BridgeSource, BridgeTime } from '../../bridge/message.js'
import type { StoredRun } from '../../sources/run/run.js'
import type { Losses } from './losses.js'
import type { TrainPart } from './train-reader.js'

/** A train that was read. */
export interface ReadTrain {
  /** Frames of modules in it. */
  readonly frames: number
  /** The sources of its message. @param shift what is added to the ids of trains among the data. */
  sources(time: BridgeTime, shift: bigint): BridgeSource[]
}

/**
 * Reads the parts of a train into new memory: what a message was made of is the transport's for as long as it likes.
 * @returns undefined if none of them could be read.
 */
export type LayoutReader = (
  parts: readonly TrainPart[],
  run: StoredRun,
  losses: Losses,
) => Promise<ReadTrain | undefined>

/** Memory that nobody has touched: whoever asks for it writes all of it. */
export function newMemory(bytes: number): Uint8Array {
  // No part of a pool, and not zeroed.
  return Buffer.allocUnsafeSlow(bytes)
}
