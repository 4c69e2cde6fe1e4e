import type { Kernels } from '../../wasm/kernels.js'
import type { ModuleCorrection } from './block-task.js'
import type { SlotViews } from './slot-views.js'

/** Frames of one cell, or for a device of several, whose raw data are in a slot. */
export interface SlotTile {
  /** Position among the lane's resident cells. */
  readonly cell: number
  /** Only for a corrector that {@link Corrector.mixes}: the cell of each frame, where they are of several. */
  readonly cells?: readonly number[]
  /** Where the results of each frame go in the slot. */
  readonly positions: readonly number[]
  /** Bytes from the start of the slot's raw part to each raw frame, all those of the first frame first. */
  readonly offsets: Float64Array
  /** Number of each frame in its file, where that matters. */
  readonly images?: readonly number[]
  /** Gets the baseline shift of each frame, ADU, where there is such a step. */
  readonly shifts?: Float32Array
  /** Indices of frames that the file does not hold: their mask gets a bit in every pixel. Absent: all are there. */
  readonly notWritten?: readonly number[]
}

/**
 * How gain and mask are given: as planes in the slot, or as lists of the pixels that depart from their cell's first stage
 * (docs/architecture.md, kernel contract). Data are planes always.
 */
export type TileForm = 'planes' | 'listed'

/** Corrects tiles in one slot: on this thread by a kernel, or on a device. */
export interface Corrector {
  readonly name: string
  /** Whether it can list departures. */
  readonly lists: boolean
  /** Whether one call takes frames of several cells; absent: it does not. */
  readonly mixes?: boolean
  /**
   * Leaves data, gain and mask in the slot; raw frames stay as they are, so that another corrector may do it again.
   * @throws CorrectorLostError if it cannot go on.
   */
  correct(tile: SlotTile, form: TileForm): void | Promise<void>
}

/** Makes a corrector for a block of a module; the lane's constants are in the memory of `kernels`. */
export type CorrectorFactory = (module: ModuleCorrection, slot: SlotViews, kernels: Kernels) => Corrector

/**
 * A corrector cannot go on, though nothing is wrong with the data: a device was lost or has no memory left. Its work goes
 * to the next corrector of the thread.
 */
export class CorrectorLostError extends Error {
  override name = 'CorrectorLostError'
}
