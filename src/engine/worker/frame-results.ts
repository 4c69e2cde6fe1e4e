import type { ModuleCorrection } from '../contract/block-task.js'
import type { SlotTile, TileForm } from '../contract/corrector.js'
import type { SlotViews } from '../contract/slot-views.js'
import { cellConstants } from './kernel-corrector.js'

/** The results of one frame, in image order; they hold until the next frame. */
export interface FrameResults {
  readonly data: Float32Array
  readonly mask: Uint32Array
  /** Two words for each pixel whose gain or mask depart from the cell's, ascending (docs/architecture.md, kernel contract). */
  departures(): Uint32Array
}

export const DEPARTURE_WORDS = 2
export const GAIN_SHIFT = 30
const MASK_DIFFERS = 1 << 29
export const PIXEL_BITS = MASK_DIFFERS - 1

/** Hands out the frames of corrected tiles of one slot, in whichever form they were corrected. */
export class FrameResultsOf {
  readonly #module: ModuleCorrection
  readonly #slot: SlotViews
  readonly #mask: Uint32Array
  readonly #stage: number
  #list = new Uint32Array(0)

  constructor(module: ModuleCorrection, slot: SlotViews) {
    const { pixels, params } = slot.layout
    this.#module = module
    this.#slot = slot
    this.#mask = new Uint32Array(pixels)
    // In adaptive gain the first stage is 0; in fixed gain it is the second parameter.
    this.#stage = new Uint32Array(slot.raw.buffer, params, 2)[1] ?? 0
  }

  /** Gain of pixels that do not depart. */
  get stage(): number {
    return this.#stage
  }

  /** The mask of a resident cell in its first stage: what masks of frames depart from. Zero where kernels do not list. */
  cellMask(cell: number): Uint32Array {
    const { maskPlane } = this.#module
    const { pixels } = this.#slot.layout
    if (maskPlane === undefined) return new Uint32Array(pixels)
    const plane = cellConstants(this.#module, this.#slot, cell) + maskPlane * 4 * pixels
    return new Uint32Array(this.#slot.raw.buffer, plane, pixels)
  }

  /** Calls `use` for each frame of the tile with its index there. Of the listed form all departures must be there. */
  each(tile: SlotTile, form: TileForm, use: (index: number, results: FrameResults) => void): void {
    const first = this.cellMask(tile.cell)
    if (form === 'listed') this.#mask.set(first)
    for (const [index, position] of tile.positions.entries()) {
      const data = words(Float32Array, this.#slot.data(position))
      if (form === 'planes') {
        const mask = words(Uint32Array, this.#slot.mask(position))
        const gain = this.#slot.gain(position)
        use(index, { data, mask, departures: () => this.#departures(gain, mask, first) })
        continue
      }
      const count = this.#slot.entries.departures(index) * DEPARTURE_WORDS
      const list = words(Uint32Array, this.#slot.gain(position)).subarray(0, count)
      for (let k = 0; k < count; k += DEPARTURE_WORDS)
        if ((list[k] ?? 0) & MASK_DIFFERS) this.#mask[(list[k] ?? 0) & PIXEL_BITS] = list[k + 1] ?? 0
      use(index, { data, mask: this.#mask, departures: () => list })
      for (let k = 0; k < count; k += DEPARTURE_WORDS) {
        const pixel = (list[k] ?? 0) & PIXEL_BITS
        this.#mask[pixel] = first[pixel] ?? 0
      }
    }
  }

  /** As a kernel lists them, of planes. */
  #departures(gain: Uint8Array, mask: Uint32Array, first: Uint32Array): Uint32Array {
    if (this.#list.length === 0) this.#list = new Uint32Array(mask.length * DEPARTURE_WORDS)
    const list = this.#list
    let count = 0
    for (let pixel = 0; pixel < mask.length; pixel++) {
      const own = mask[pixel] as number
      const stage = gain[pixel] as number
      if (own === first[pixel] && stage === this.#stage) continue
      list[count++] = pixel | (own === first[pixel] ? 0 : MASK_DIFFERS) | (stage << GAIN_SHIFT)
      list[count++] = own
    }
    return list.subarray(0, count)
  }
}

function words<T>(
  Words: { new (buffer: ArrayBufferLike, offset: number, length: number): T },
  { buffer, byteOffset, byteLength }: Uint8Array,
): T {
  return new Words(buffer, byteOffset, Math.floor(byteLength / 4))
}
