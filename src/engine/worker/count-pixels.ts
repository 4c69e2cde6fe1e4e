import type { Kernels } from '../../wasm/kernels.js'
import type { ModuleCorrection } from '../contract/block-task.js'
import type { SlotTile, TileForm } from '../contract/corrector.js'
import { NO_PIXELS, type PixelCounts, sumOfCounts } from '../contract/pixel-counts.js'
import type { SlotViews } from '../contract/slot-views.js'
import { cellConstants } from './kernel-corrector.js'

/** Word of the kernels' parameters that is the first stage: what pixels are in that are not listed. */
const FIRST_STAGE = 1
/** Words that the kernels count into at most: 32 bits, then words with any. */
const COUNTS = 33

/**
 * Counts the pixels of a tile that was corrected and deflated, of lists by what departs, so that it costs next to nothing.
 * @param scratch byte of 33 words in the lane's memory that nobody needs.
 */
export function countPixels(
  tile: SlotTile,
  form: TileForm,
  module: ModuleCorrection,
  {
    slot,
    kernels,
    scratch,
  }: { readonly slot: SlotViews; readonly kernels: Kernels; readonly scratch: number },
): PixelCounts {
  const { pixels, params } = slot.layout
  const { buffer } = slot.raw
  const counts = new Int32Array(buffer, scratch, COUNTS)
  const maskedIn = (masks: number): number => {
    kernels.countBits(masks, pixels, scratch)
    return counts[COUNTS - 1] ?? 0
  }
  const { positions } = tile
  if (form === 'planes')
    return positions
      .map(position => {
        kernels.countStages(slot.gain(position).byteOffset, pixels, scratch)
        const [medium = 0, low = 0] = counts
        const stages = [pixels - medium - low, medium, low]
        return { all: pixels, stages, masked: maskedIn(slot.mask(position).byteOffset) }
      })
      .reduce(sumOfCounts, NO_PIXELS)
  const first = cellConstants(module, slot, tile.cell) + (module.maskPlane ?? 0) * 4 * pixels
  const stage = new Uint32Array(buffer, params, FIRST_STAGE + 1)[FIRST_STAGE] ?? 0
  const all = pixels * positions.length
  const stages = [0, 0, 0]
  let masked = maskedIn(first) * positions.length
  for (const [i, position] of positions.entries()) {
    kernels.countListed(slot.gain(position).byteOffset, slot.entries.departures(i), first, scratch)
    const [high = 0, medium = 0, low = 0, , more = 0] = counts
    for (const [gain, count] of [high, medium, low].entries()) stages[gain] = (stages[gain] ?? 0) + count
    masked += more
  }
  // Listed or not, the rest is in the first stage.
  stages[stage] = all - stages.reduce((sum, count, gain) => (gain === stage ? sum : sum + count), 0)
  return { all, stages, masked }
}
