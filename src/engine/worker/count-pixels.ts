import type { Kernels } from '../../wasm/kernels.js'
import type { ModuleCorrection } from '../contract/block-task.js'
import type { SlotTile, TileForm } from '../contract/corrector.js'
import type { PixelCounts } from '../contract/pixel-counts.js'
import type { SlotViews } from '../contract/slot-views.js'
import { cellConstants } from './kernel-corrector.js'

/** Word of the kernels' parameters that is the first stage: what pixels are in that are not listed. */
const FIRST_STAGE = 1
/** What kernels count into: gains 0 to 3, and how many more are masked. */
const [GAINS, MORE, COUNTS] = [4, 4, 5]

/**
 * Counts the pixels of a tile that was corrected and deflated, of lists by what departs, so that it costs next to nothing.
 * @param scratch byte of five words in the lane's memory that nobody needs.
 */
export function countPixels(
  { cell, positions }: SlotTile,
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
  const counts = new Int32Array(buffer, scratch, COUNTS).fill(0)
  const first = cellConstants(module, slot, cell) + (module.maskPlane ?? 0) * 4 * pixels
  const stage = form === 'planes' ? 0 : (new Uint32Array(buffer, params, FIRST_STAGE + 1)[FIRST_STAGE] ?? 0)
  let masked = form === 'planes' ? 0 : kernels.countMasked(first, pixels) * positions.length
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i] ?? 0
    const gain = slot.gain(position).byteOffset
    if (form === 'planes') {
      kernels.countStages(gain, pixels, scratch)
      masked += kernels.countMasked(slot.mask(position).byteOffset, pixels)
    } else kernels.countListed(gain, slot.entries.departures(i), first, scratch)
  }
  masked += counts[MORE] ?? 0
  const all = pixels * positions.length
  const stages = [...counts.subarray(0, GAINS - 1)]
  // Listed or not, the rest is in the first stage.
  stages[stage] = all - stages.reduce((sum, count, gain) => (gain === stage ? sum : sum + count), 0)
  return { all, stages, masked }
}
