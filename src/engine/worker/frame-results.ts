import type { ModuleCorrection } from '../contract/block-task.js'
import type { SlotTile, TileForm } from '../contract/corrector.js'
import type { SlotViews } from '../contract/slot-views.js'
import { cellConstants } from './kernel-corrector.js'

/** The results of one frame, in image order; they hold until the next frame. */
export interface FrameResults {
  readonly data: Float32Array
  readonly mask: Uint32Array
}

/** Words of a departure (docs/architecture.md, kernel contract). */
const DEPARTURE_WORDS = 2
const MASK_DIFFERS = 1 << 29
const PIXEL = MASK_DIFFERS - 1

/** Hands out the frames of corrected tiles of one slot, in whichever form they were corrected. */
export class FrameResultsOf {
  readonly #module: ModuleCorrection
  readonly #slot: SlotViews
  readonly #mask: Uint32Array

  constructor(module: ModuleCorrection, slot: SlotViews) {
    this.#module = module
    this.#slot = slot
    this.#mask = new Uint32Array(slot.layout.pixels)
  }

  /** Calls `use` for each frame of the tile with its index there. Of the listed form all departures must be there. */
  each(tile: SlotTile, form: TileForm, use: (index: number, results: FrameResults) => void): void {
    const first = form === 'listed' ? this.#firstMask(tile) : undefined
    if (first) this.#mask.set(first)
    for (const [index, position] of tile.positions.entries()) {
      const data = words(Float32Array, this.#slot.data(position))
      if (first === undefined) {
        use(index, { data, mask: words(Uint32Array, this.#slot.mask(position)) })
        continue
      }
      const count = this.#slot.entries.departures(index) * DEPARTURE_WORDS
      const list = words(Uint32Array, this.#slot.gain(position)).subarray(0, count)
      for (let k = 0; k < count; k += DEPARTURE_WORDS)
        if ((list[k] ?? 0) & MASK_DIFFERS) this.#mask[(list[k] ?? 0) & PIXEL] = list[k + 1] ?? 0
      use(index, { data, mask: this.#mask })
      for (let k = 0; k < count; k += DEPARTURE_WORDS) {
        const pixel = (list[k] ?? 0) & PIXEL
        this.#mask[pixel] = first[pixel] ?? 0
      }
    }
  }

  /** The mask of the tile's cell in the first stage. */
  #firstMask({ cell }: SlotTile): Uint32Array {
    const { pixels } = this.#slot.layout
    const plane = cellConstants(this.#module, this.#slot, cell) + (this.#module.maskPlane ?? 0) * 4 * pixels
    return new Uint32Array(this.#slot.raw.buffer, plane, pixels)
  }
}

function words<T>(
  Words: { new (buffer: ArrayBufferLike, offset: number, length: number): T },
  { buffer, byteOffset, byteLength }: Uint8Array,
): T {
  return new Words(buffer, byteOffset, Math.floor(byteLength / 4))
}
