import type { Kernels } from '../../wasm/kernels.js'
import type { ModuleCorrection } from '../contract/block-task.js'
import type { SlotTile, TileForm } from '../contract/corrector.js'
import { NO_PIXELS, type PixelCounts, sumOfCounts } from '../contract/pixel-counts.js'
import type { SlotViews } from '../contract/slot-views.js'
import { cellConstants } from './kernel-corrector.js'

/** Word of the kernels' parameters that is the first stage: what pixels are in that are not listed. */
const FIRST_STAGE = 1
/** A departure is two words: pixel and gain, then the mask (kernel contract, docs/architecture.md). */
const GAIN_SHIFT = 30
const PIXEL = 0x1fffffff
/** Counts of 32 bits, then of words with any. */
const BIT_COUNTS = 33

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
  const maskedIn = (masks: number): number => {
    kernels.countBits(masks, pixels, scratch)
    return new Uint32Array(buffer, scratch, BIT_COUNTS)[BIT_COUNTS - 1] ?? 0
  }
  if (form === 'planes')
    return tile.positions
      .map(position => {
        const stages = stagesOf(slot.gain(position))
        return { all: pixels, stages, masked: maskedIn(slot.mask(position).byteOffset) }
      })
      .reduce(sumOfCounts, NO_PIXELS)
  const masksAt = cellConstants(module, slot, tile.cell) + (module.maskPlane ?? 0) * 4 * pixels
  const first = new Uint32Array(buffer, masksAt, pixels)
  const masked = maskedIn(masksAt)
  const stage = new Uint32Array(buffer, params, FIRST_STAGE + 1)[FIRST_STAGE] ?? 0
  const counts = { stages: [0, 0, 0], masked: masked * tile.positions.length }
  for (const [i, position] of tile.positions.entries()) {
    const words = new Uint32Array(buffer, slot.gain(position).byteOffset, 2 * slot.entries.departures(i))
    for (let at = 0; at < words.length; at += 2) {
      const word = words[at] as number
      const gain = word >>> GAIN_SHIFT
      if (gain !== stage) counts.stages[gain] = (counts.stages[gain] ?? 0) + 1
      counts.masked += (words[at + 1] === 0 ? 0 : 1) - (first[word & PIXEL] === 0 ? 0 : 1)
    }
  }
  const all = pixels * tile.positions.length
  counts.stages[stage] = all - counts.stages.reduce((sum, count) => sum + count, 0)
  return { all, ...counts }
}

/** Four gains of 0 to 2 in a word; 255 words are added up before a byte of them overflows. */
function stagesOf({ buffer, byteOffset, byteLength }: Uint8Array): number[] {
  const words = new Uint32Array(buffer, byteOffset, byteLength / 4)
  const bytes = 0x01010101
  let [medium, low] = [0, 0]
  for (let from = 0; from < words.length; from += 255) {
    let [ones, twos] = [0, 0]
    const end = Math.min(from + 255, words.length)
    for (let i = from; i < end; i++) {
      const word = words[i] as number
      ones += word & bytes
      twos += (word >>> 1) & bytes
    }
    medium += sumOfBytes(ones)
    low += sumOfBytes(twos)
  }
  return [byteLength - medium - low, medium, low]
}

function sumOfBytes(word: number): number {
  return (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24)
}
