import type { LookedAt } from '../contract/module-arrays.js'
import type { SlotViews } from '../contract/slot-views.js'
import { addPlane, newMean, type Plane, type PlaneMean, writeMean } from './plane-mean.js'

/** Makes the planes that somebody looks at out of the frames of one block. */
export class Looker {
  readonly #views: readonly { readonly view: LookedAt; readonly mean: PlaneMean | undefined }[]
  readonly #slot: SlotViews

  constructor(views: readonly LookedAt[], slot: SlotViews) {
    const { pixels } = slot.layout
    this.#slot = slot
    this.#views = views.map(view => ({ view, mean: view.frame === undefined ? newMean(pixels) : undefined }))
  }

  /** Looks at frame `member` of the block, whose results are at `position` and whose raw frame is at byte `raw`. */
  look(position: number, member: number, raw: number): void {
    for (const { view, mean } of this.#views) {
      if (mean === undefined && view.frame !== member) continue
      const plane = this.#plane(view.layer, position, raw)
      if (mean === undefined) this.#target(view).set(plane)
      else addPlane(mean, plane)
    }
  }

  /** Writes the means. */
  end(): void {
    for (const { view, mean } of this.#views) if (mean) writeMean(mean, this.#target(view))
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
