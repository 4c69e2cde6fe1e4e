import { given } from '../../model/given.js'
import type { ImageFile } from '../../sinks/image/image-file.js'
import type { BlockResult, FramesOut } from '../contract/block-task.js'
import type { FrameCounts, FrameSink } from '../contract/frames.js'
import { NO_PIXELS, type PixelCounts, sumOfCounts } from '../contract/pixel-counts.js'
import type { DerivedColumns } from './derived-columns.js'
import type { RawBlock } from './raw-source.js'

/** An image file, and which of a block's chunk numbers are its own. */
export interface ImageTarget {
  readonly images: ImageFile
  readonly chunks: 'corrected' | 'combined'
}

/**
 * Sink of the frames of one RAW file: threads write their chunks to the CORR file, the combined file, or both, and this
 * notes where the deflated ones went. Nothing waits: a slot is free as soon as its chunks are written.
 */
export class ImageSink implements FrameSink<RawBlock> {
  readonly #targets: readonly ImageTarget[]
  #frames = 0
  #lost = 0
  #pixels = NO_PIXELS
  #error: unknown

  /** What was made of the frames beside themselves. */
  readonly derived: DerivedColumns

  constructor(targets: readonly ImageTarget[], derived: DerivedColumns) {
    this.#targets = targets
    this.derived = derived
  }

  get counts(): FrameCounts {
    return { frames: this.#frames, lost: this.#lost }
  }

  /** Of the frames taken. */
  get pixels(): PixelCounts {
    return this.#pixels
  }

  /** Why the first block was lost; undefined: none was. */
  get error(): unknown {
    return this.#error
  }

  output({ frames }: RawBlock): FramesOut {
    const files = this.#targets.map(({ images, chunks }) => ({
      target: images.target,
      indices: frames[chunks],
    }))
    return { kind: 'chunks', files, ...given({ derived: this.derived.request }) }
  }

  take(block: RawBlock, result: BlockResult): void {
    const { chunks, shifts } = result
    this.#frames += block.cells.length
    this.derived.take(block.frames, result)
    this.#pixels = sumOfCounts(this.#pixels, result.pixels)
    for (const [i, { images, chunks: numbers }] of this.#targets.entries()) {
      const written = chunks[i]
      if (written) images.record(written)
      if (shifts) images.recordShifts(block.frames[numbers], shifts)
    }
  }

  lose(block: RawBlock, error: unknown): void {
    this.#lost += block.cells.length
    this.#error ??= error
  }
}
