import { deflateSync } from 'node:zlib'
import type { Kernels } from '../../wasm/kernels.js'

/**
 * Deflates planes into a region of the lane.
 *
 * Gain and mask are nearly all one value: the run-length kernel turns those into a few kilobytes in a fraction of
 * the time zlib takes. A plane that is not sparse, or does not fit any more, goes through zlib at level 1: a better
 * ratio of almost nothing is not worth the time.
 */
export class Deflater {
  readonly #kernels: Kernels
  readonly #workspace: Uint8Array
  #used = 0

  /** @param workspace in the memory the kernels are bound to; its contents hold until {@link restart}. */
  constructor(kernels: Kernels, workspace: Uint8Array) {
    this.#kernels = kernels
    this.#workspace = workspace
  }

  /** Frees the workspace: the planes deflated so far have been written. */
  restart(): void {
    this.#used = 0
  }

  /** A zlib stream of `plane`, which lies in the same memory as the workspace. */
  deflate(plane: Uint8Array): Uint8Array {
    const start = this.#used
    const capacity = Math.min(this.#workspace.byteLength - start, plane.byteLength >> 1)
    const bytes = this.#kernels.deflateRuns(
      plane.byteOffset,
      plane.byteLength,
      this.#workspace.byteOffset + start,
      capacity,
    )
    if (bytes === 0) return deflateSync(plane, { level: 1 })
    this.#used = start + bytes
    return this.#workspace.subarray(start, start + bytes)
  }
}
