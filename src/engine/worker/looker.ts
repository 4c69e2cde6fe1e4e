import type { LookedAt } from '../contract/module-arrays.js'
import type { SlotViews } from '../contract/slot-views.js'

/** Sums of finite values, and their number, by pixel. */
interface Mean {
  readonly sums: Float64Array
  readonly counts: Uint32Array
}

type Plane = Float32Array | Uint8Array | Uint16Array | Uint32Array

/** Makes the planes that somebody looks at out of the frames of one block. */
export class Looker {
  readonly #views: readonly { readonly view: LookedAt; readonly mean: Mean | undefined }[]
  readonly #slot: SlotViews

  constructor(views: readonly LookedAt[], slot: SlotViews) {
    const { pixels } = slot.layout
    this.#slot = slot
    this.#views = views.map(view => ({
      view,
      mean:
        view.frame === undefined
          ? { sums: new Float64Array(pixels), counts: new Uint32Array(pixels) }
          : undefined,
    }))
  }

  /** Looks at frame `member` of the block, whose results are at `position` and whose raw frame is at byte `raw`. */
  look(position: number, member: number, raw: number): void {
    for (const { view, mean } of this.#views) {
      if (mean === undefined && view.frame !== member) continue
      const plane = this.#plane(view.layer, position, raw)
      if (mean === undefined) this.#target(view).set(plane)
      else add(mean, plane)
    }
  }

  /** Writes the means. */
  end(): void {
    for (const { view, mean } of this.#views) {
      if (mean === undefined) continue
      const target = this.#target(view)
      // 0 / 0 is NaN, as it should be.
      for (let pixel = 0; pixel < target.length; pixel++)
        target[pixel] = (mean.sums[pixel] as number) / (mean.counts[pixel] as number)
    }
  }

  #target({ buffer, start }: LookedAt): Float32Array {
    return new Float32Array(buffer, 4 * start, this.#slot.layout.pixels)
  }

  #plane(layer: LookedAt['layer'], position: number, raw: number): Plane {
    const { pixels } = this.#slot.layout
    if (layer === 'raw') {
      const { buffer, byteOffset } = this.#slot.raw
      return new Uint16Array(buffer, byteOffset + raw, pixels)
    }
    if (layer === 'gain') return this.#slot.gain(position)
    const { buffer, byteOffset } = layer === 'mask' ? this.#slot.mask(position) : this.#slot.data(position)
    return layer === 'mask'
      ? new Uint32Array(buffer, byteOffset, pixels)
      : new Float32Array(buffer, byteOffset, pixels)
  }
}

function add({ sums, counts }: Mean, plane: Plane): void {
  for (let pixel = 0; pixel < sums.length; pixel++) {
    const value = plane[pixel] as number
    // Neither NaN nor infinite.
    if (value - value !== 0) continue
    sums[pixel] = (sums[pixel] as number) + value
    counts[pixel] = (counts[pixel] as number) + 1
  }
}
