import type { FramesIn } from '../contract/block-task.js'
import type { SlotViews } from '../contract/slot-views.js'
import type { FramesRead } from './block-reader.js'
import type { FrameReader } from './frame-reader.js'

/** Brings raw frames of a block into its slot. */
export interface BlockReader {
  /**
   * Has the raw frames of the block's frames `members` in the slot; says where.
   * @throws DataError naming the file if it is damaged, ends early or changed since the plan was made.
   */
  read(members: readonly number[]): FramesRead | Promise<FramesRead>
}

/** @param rawFrames raw frames that one frame is made of. */
export function blockReader(
  input: FramesIn,
  rawFrames: number,
  slot: SlotViews,
  reader: FrameReader,
): BlockReader {
  const frameBytes = slot.layout.rawFrameBytes / rawFrames
  if (input.kind === 'slot')
    return {
      read: members => ({ offsets: rawIndices(members, rawFrames).map(i => i * frameBytes), bytes: 0 }),
    }
  const { addresses } = input.input
  return {
    read: members => {
      const indices = rawIndices(members, rawFrames)
      const pick = (all: Float64Array): Float64Array => indices.map(i => all[i] ?? -1)
      const request = {
        input: addresses ? { ...input.input, addresses: pick(addresses) } : input.input,
        block: { rows: pick(input.rows) },
      }
      return reader.read(request, slot.raw, frameBytes)
    },
  }
}

/** Numbers of the raw frames of some frames of a block: all those of the first frame first. */
function rawIndices(members: readonly number[], rawFrames: number): Float64Array {
  return Float64Array.from(
    { length: members.length * rawFrames },
    (_, i) => (members[Math.floor(i / rawFrames)] ?? 0) * rawFrames + (i % rawFrames),
  )
}
