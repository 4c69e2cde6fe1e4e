import type { BlockResult, FramesIn, FramesOut } from './block-task.js'
import type { SlotViews } from './slot-views.js'

/** What went through a source or a sink so far. */
export interface FrameCounts {
  /** Frames handed out or taken. */
  readonly frames: number
  /** Frames that were given up: dropped by the source, or lost on their way to the sink. */
  readonly lost: number
}

/** Frames of one module that go through one slot together. */
export interface Block {
  /** Position of each frame's cell among the lane's resident cells (not a cell id). */
  readonly cells: Uint16Array
  /** Number of each frame in its file, where it comes from one. */
  readonly images?: Float64Array
  /** Place in the stream: the oldest goes first where the engine's policy looks at it. Absent: 0. */
  readonly order?: number
  /**
   * Puts the raw frames into `slot`, or says where a thread finds them; on the main thread. May be called again if the
   * thread that had the block died.
   */
  fill(slot: SlotViews): FramesIn
}

/**
 * Where the raw frames of one module come from. Blocks are pulled one at a time, and only while a slot of the module's
 * lane is free: a source that is not pulled waits or drops, and counts what it drops.
 *
 * A run that is stopped does not wait for a block that is being pulled. A source that waits for frames must therefore
 * watch the same signal and end then: only when its wait is over is it returned from, and closes what it holds open. A
 * block that it hands out after all is lost to the sink, maybe after the run has ended.
 */
export interface FrameSource<B extends Block = Block> {
  readonly counts: FrameCounts
  /** The blocks in order. Returning early (`return()`) closes what the source holds open. */
  blocks(): AsyncGenerator<B> | Generator<B>
}

/** Where corrected frames go. */
export interface FrameSink<B extends Block = Block> {
  readonly counts: FrameCounts
  /** What the thread does with the results of `block` while it corrects it. */
  output(block: B): FramesOut
  /**
   * Takes a corrected block, whose slot is held until the returned promise has settled: views on it stay as they are so
   * long, which is all the back-pressure there is.
   */
  take(block: B, result: BlockResult, slot: SlotViews): void | Promise<void>
  /** The block could not be corrected: its frames are missing. */
  lose(block: B, error: unknown): void
}
