import {
  inRanges,
  parseRanges,
  parseSlice,
  positionsList,
  positionsOf,
  type Ranges,
  type Slice,
} from './query.js'

/** Which frames of a train are corrected: those that all of these take; what is absent takes all. */
export interface FrameFilter {
  /** By index among the stored frames. */
  readonly pulses?: Slice
  /** By memory cell. */
  readonly cells?: Ranges
  /** By pulse id. */
  readonly pulseIds?: Ranges
}

/** The filter that options name. @throws UsageError */
export function frameFilterOf(options: {
  readonly pulses?: string | undefined
  readonly cells?: string | undefined
  readonly pulseIds?: string | undefined
}): FrameFilter {
  const { pulses, cells, pulseIds } = options
  return {
    ...(pulses !== undefined && { pulses: parseSlice(pulses, '--pulses') }),
    ...(cells !== undefined && { cells: parseRanges(cells, '--cells') }),
    ...(pulseIds !== undefined && { pulseIds: parseRanges(pulseIds, '--pulse-ids') }),
  }
}

/** Cells and pulse ids of a train's frames. */
export interface FrameIds {
  readonly cellIds: ArrayLike<number>
  readonly pulseIds: ArrayLike<number | bigint>
}

/** Indices of the frames of a train that a filter takes, ascending. */
export function framesTaken({ pulses, cells, pulseIds }: FrameFilter, train: FrameIds): number[] {
  const all = positionsOf(pulses ?? { step: 1 }, train.cellIds.length)
  return positionsList(all).filter(
    index =>
      (cells === undefined || inRanges(cells, train.cellIds[index] ?? -1)) &&
      (pulseIds === undefined || inRanges(pulseIds, Number(train.pulseIds[index] ?? -1))),
  )
}
