import type { ImageFile } from '../../sinks/image/image-file.js'
import type { JoinedFile } from '../../sources/run/join.js'
import type { BlockResult } from '../contract/block-task.js'
import { type DerivedRequest, type LitPixels, noLitPixels } from '../contract/derived.js'
import type { BlockFrames } from '../plan/blocks.js'
import type { HitCounts } from './hit-counts.js'
import type { SparseOutput } from './sparse-output.js'

/** Where what is made of the frames of one CORR file goes. */
export interface DerivedTarget {
  readonly litThreshold?: number
  readonly sparse?: SparseOutput
  /** Path of the index group `litpx` in the file. */
  readonly litpx: string
  readonly joined: JoinedFile
  /** Where lit pixels of all modules are added up. */
  readonly hits?: HitCounts
}

/** What is made of the frames of one CORR file beside themselves, by frame number, until it is written. */
export class DerivedColumns {
  readonly litPixels: LitPixels | undefined
  readonly #target: DerivedTarget

  constructor(target: DerivedTarget) {
    this.#target = target
    this.litPixels = target.litThreshold === undefined ? undefined : noLitPixels(target.joined.frames)
  }

  /** What threads are to make; undefined: nothing. */
  get request(): DerivedRequest | undefined {
    const { litThreshold, sparse } = this.#target
    if (litThreshold === undefined && sparse === undefined) return undefined
    return {
      ...(litThreshold !== undefined && { litThreshold }),
      ...(sparse && { sparse: sparse.request }),
    }
  }

  /** Takes what a block gave. */
  take(frames: BlockFrames, { derived }: BlockResult): void {
    this.#target.sparse?.take(frames, derived?.sparse)
    const { litPixels } = derived ?? {}
    if (!litPixels || !this.litPixels) return
    for (const [i, frame] of frames.corrected.entries())
      for (const name of ['unmasked', 'lit', 'total'] as const)
        this.litPixels[name][frame] = litPixels[name][i] ?? 0
  }

  /** Writes what was declared into the file. @throws OutputError */
  write(images: ImageFile): void {
    const { litpx, sparse } = this.#target
    if (this.litPixels) {
      const { unmasked, lit, total } = this.litPixels
      images.writeColumn(`${litpx}/unmaskedPixels`, unmasked)
      images.writeColumn(`${litpx}/litPixels`, lit)
      images.writeColumn(`${litpx}/totalIntensity`, total)
    }
    sparse?.write()
  }

  /** The file is whole: what it has counts. */
  done(): void {
    if (this.litPixels) this.#target.hits?.take(this.#target.joined, this.litPixels)
  }

  close(): void {
    this.#target.sparse?.close()
  }
}
