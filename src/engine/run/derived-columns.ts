import type { ImageFile } from '../../sinks/image/image-file.js'
import type { BlockResult } from '../contract/block-task.js'
import { type DerivedRequest, type LitPixels, noLitPixels } from '../contract/derived.js'
import type { BlockFrames } from '../plan/blocks.js'

/** What is made of the frames of one CORR file beside themselves, by frame number, until it is written. */
export class DerivedColumns {
  readonly litPixels: LitPixels | undefined

  constructor({ litThreshold }: DerivedRequest, frames: number) {
    this.litPixels = litThreshold === undefined ? undefined : noLitPixels(frames)
  }

  /** Takes what a block gave. */
  take({ corrected }: BlockFrames, { derived }: BlockResult): void {
    const { litPixels } = derived ?? {}
    if (!litPixels || !this.litPixels) return
    for (const [i, frame] of corrected.entries())
      for (const name of ['unmasked', 'lit', 'total'] as const)
        this.litPixels[name][frame] = litPixels[name][i] ?? 0
  }

  /** Writes the columns of the index group at `group`, which were declared. @throws OutputError */
  write(images: ImageFile, group: string): void {
    if (!this.litPixels) return
    const { unmasked, lit, total } = this.litPixels
    images.writeColumn(`${group}/unmaskedPixels`, unmasked)
    images.writeColumn(`${group}/litPixels`, lit)
    images.writeColumn(`${group}/totalIntensity`, total)
  }
}
