import type { Recast } from '../../corrections/finishing.js'
import { given } from '../../model/given.js'
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
  /** Data of whole photons, their bytes put apart; absent: data are not deflated. */
  readonly data?: Uint8Array
}

/** Bytes of an element of image data. */
const ELEMENT_BYTES: Readonly<Record<Recast, number>> = { i2: 2, u2: 2, f4: 4 }

/** Deflates gain and mask, and photons, of the tiles of one slot into a part of it; what it returns holds until its next tile. */
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
    const streams = this.#gainAndMask(tile, form)
    const recast = this.#module.finishing?.recast
    if (recast === undefined || streams === undefined) return streams
    const data = this.#photons(tile, ELEMENT_BYTES[recast])
    return streams.map((planes, i) => ({ ...planes, ...given({ data: data[i] }) }))
  }

  /** Packs the data into the place of the raw frames, which nobody needs now, and deflates them into what is left of it. */
  #photons({ positions }: SlotTile, elementBytes: number): Uint8Array[] {
    const { raw, layout } = this.#slot
    const bytes = layout.pixels * elementBytes
    const packed = positions.map((position, i) => {
      const target = raw.subarray(i * bytes, (i + 1) * bytes)
      if (target.length < bytes) throw new RangeError('photons of a tile are more than its raw frames')
      this.#kernels.shuffled(
        this.#slot.data(position).byteOffset,
        layout.pixels,
        elementBytes,
        target.byteOffset,
      )
      return target
    })
    const deflater = new Deflater(this.#kernels, raw.subarray(packed.length * bytes))
    return packed.map(plane => deflater.deflate(plane))
  }

  #gainAndMask(tile: SlotTile, form: TileForm): DeflatedFrame[] | undefined {
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
