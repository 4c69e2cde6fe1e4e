import { given } from '../../model/given.js'
import type { BlockTask } from '../contract/block-task.js'
import type { SlotTile, TileForm } from '../contract/corrector.js'
import { type DerivedFrames, type DerivedRequest, type LitPixels, noLitPixels } from '../contract/derived.js'
import type { SlotViews } from '../contract/slot-views.js'
import { type FrameResults, FrameResultsOf } from './frame-results.js'
import { SparseWriter } from './sparse.js'

/** Makes of a block's corrected frames what is wanted beside them, tile by tile while they are in the slot. */
export class Derivation {
  readonly #results: FrameResultsOf
  readonly #litThreshold: number
  readonly #litPixels: LitPixels | undefined

  readonly #sparse: SparseWriter | undefined

  constructor(task: BlockTask, { litThreshold, sparse }: DerivedRequest, slot: SlotViews) {
    this.#results = new FrameResultsOf(task, slot)
    this.#litThreshold = litThreshold ?? Number.NaN
    this.#litPixels = litThreshold === undefined ? undefined : noLitPixels(task.cells.length)
    this.#sparse = sparse && new SparseWriter(sparse, slot.layout.pixels, task.cells.length)
  }

  /** @throws OutputError if lists cannot be written. @param members index of each of the tile's frames in the block. */
  tile(tile: SlotTile, form: TileForm, members: readonly number[]): void {
    this.#sparse?.cell(tile.cell, () => this.#results.cellMask(tile.cell))
    this.#results.each(tile, form, (index, results) => {
      const frame = members[index] ?? 0
      if (this.#litPixels) countLitPixels(results, this.#litThreshold, this.#litPixels, frame)
      this.#sparse?.frame(frame, results)
    })
    this.#sparse?.flush()
  }

  get frames(): DerivedFrames {
    return given({ litPixels: this.#litPixels, sparse: this.#sparse?.frames })
  }
}

/** Counts the pixels without a bad-pixel bit, and those of them above `threshold`, whose values it adds in image order, in f64. */
export function countLitPixels(
  { data, mask }: FrameResults,
  threshold: number,
  { unmasked, lit, total }: LitPixels,
  frame: number,
): void {
  let clear = 0
  let above = 0
  let sum = 0
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] !== 0) continue
    clear++
    const value = data[pixel] as number
    if (!(value > threshold)) continue
    above++
    sum += value
  }
  unmasked[frame] = clear
  lit[frame] = above
  total[frame] = sum
}
