import type { Kernels } from '../../wasm/kernels.js'
import type { ModuleCorrection } from '../contract/block-task.js'
import type { SlotTile, TileForm } from '../contract/corrector.js'
import type { SlotViews } from '../contract/slot-views.js'
import { Deflater } from './deflater.js'
import { cellConstants } from './kernel-corrector.js'

/** The deflated planes of one frame. */
export interface DeflatedFrame {
  readonly gain: Uint8Array
  readonly mask: Uint8Array
}

/** Deflates gain and mask of the tiles of one slot into a part of it; what it returns holds until its next tile. */
export class TileDeflater {
  readonly #module: ModuleCorrection
  readonly #slot: SlotViews
  readonly #kernels: Kernels
  readonly #planes: Deflater

  constructor(module: ModuleCorrection, slot: SlotViews, kernels: Kernels) {
    this.#module = module
    this.#slot = slot
    this.#kernels = kernels
    this.#planes = new Deflater(kernels, slot.deflated)
  }

  /**
   * Two zlib streams for each frame of a tile that was corrected in `form`.
   * @returns undefined if the lists do not hold what departs: correct the tile by planes.
   */
  deflate(tile: SlotTile, form: TileForm): DeflatedFrame[] | undefined {
    if (form === 'listed') return this.#lists(tile)
    this.#planes.restart()
    return tile.positions.map(position => ({
      gain: this.#planes.deflate(this.#slot.gain(position)),
      mask: this.#planes.deflate(this.#slot.mask(position)),
    }))
  }

  #lists({ cell, positions }: SlotTile): DeflatedFrame[] | undefined {
    const { deflated, entries, layout, scratch, table } = this.#slot
    const { pixels, params, masks, maskBytes } = layout
    const firstMasks =
      cellConstants(this.#module, this.#slot, cell) + (this.#module.maskPlane ?? 0) * 4 * pixels
    const bytes = this.#kernels.deflateListed(
      table,
      positions.length,
      firstMasks,
      params,
      masks + cell * maskBytes,
      maskBytes,
      scratch.byteOffset,
      scratch.byteLength,
      deflated.byteOffset,
      deflated.byteLength,
    )
    if (bytes === 0) return undefined
    let at = 0
    const next = (length: number): Uint8Array => {
      at += length
      return deflated.subarray(at - length, at)
    }
    return positions.map((_, i) => {
      const { gain, mask } = entries.streams(i)
      return { gain: next(gain), mask: next(mask) }
    })
  }
}
