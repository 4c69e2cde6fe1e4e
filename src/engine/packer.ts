import { deflateSync } from 'node:zlib'
import type { Kernels } from '../corrections/kernel.js'

/** The deflated planes of one frame. */
export interface PackedFrame {
  readonly gain: Uint8Array
  readonly mask: Uint8Array
}

/** Streams of frames without departures, kept while one module's constants are in the lane: a few kB a cell. */
export interface KeptStreams {
  gain: Uint8Array | undefined
  readonly masks: Map<number, Uint8Array>
}

/**
 * Deflates the planes of one tile into a region of the lane.
 *
 * Gain and mask are nearly all one value: the run-length kernel turns those into a few kilobytes in a fraction of
 * the time zlib takes. A plane that is not sparse, or does not fit any more, goes through zlib at level 1: a better
 * ratio of almost nothing is not worth the time.
 */
export class Packer {
  readonly #kernels: Kernels
  readonly #room: Uint8Array
  #used = 0

  /** @param room in the memory the kernels are bound to; its contents hold until {@link restart}. */
  constructor(kernels: Kernels, room: Uint8Array) {
    this.#kernels = kernels
    this.#room = room
  }

  /** Gives the room free: the planes packed so far have been written. */
  restart(): void {
    this.#used = 0
  }

  /**
   * Gain and mask of a frame of `cell`. Where no pixel departed from its cell's first mask plane (`departures` 0),
   * both planes are the same for every frame of the cell, and so are their streams.
   */
  frame(
    cell: number,
    departures: number,
    gain: Uint8Array,
    mask: Uint8Array,
    kept: KeptStreams,
  ): PackedFrame {
    if (departures > 0) return { gain: this.pack(gain), mask: this.pack(mask) }
    kept.gain ??= this.pack(gain).slice()
    let stream = kept.masks.get(cell)
    if (stream === undefined) {
      stream = this.pack(mask).slice()
      kept.masks.set(cell, stream)
    }
    return { gain: kept.gain, mask: stream }
  }

  /** A zlib stream of `plane`, which lies in the same memory as the room. */
  pack(plane: Uint8Array): Uint8Array {
    const start = this.#used
    const capacity = Math.min(this.#room.byteLength - start, plane.byteLength >> 1)
    const bytes = this.#kernels.deflateRuns(
      plane.byteOffset,
      plane.byteLength,
      this.#room.byteOffset + start,
      capacity,
    )
    if (bytes === 0) return deflateSync(plane, { level: 1 })
    this.#used = start + bytes
    return this.#room.subarray(start, start + bytes)
  }
}
