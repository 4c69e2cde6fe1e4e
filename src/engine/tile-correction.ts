import { badPixelMask } from '../../constants/bad-pixels.js'
import { type CorrectionKernel, correctionKernel, type Kernels, listedKernel } from '../corrections/kernel.js'
import type { LaneLayout } from '../memory/lane-layout.js'
import { type PackedFrame, Packer } from './packer.js'
import type { SlotViews } from './slot-views.js'
import { type PhaseTotals, timed } from './statistics.js'

/** Bytes moved a pixel in the two forms of a kernel: raw 4 and data 4, with planes gain 1 and mask 4 besides. */
const LISTED_BYTES = 8
const PLANES_BYTES = 13
/** Bytes deflated a pixel: gain 1, mask 4. */
const PACK_BYTES = 5

/** After a tile with too many departures for their lists, this many are not tried that way. */
const DENSE_TILES = 16

/** The bit of frames that INDEX counts, but nobody wrote (docs/decisions/2026-11-30-frames-never-written.md). */
export const NOT_WRITTEN = badPixelMask('VALUE_OUT_OF_RANGE')

/** What a tile's kernel needs to know of its module. */
export interface TileTask {
  /** Name of the correction kernel. */
  readonly kernel: string
  /** Planes of constants of a cell. */
  readonly planes: number
  /** The first plane of masks among them; absent: departures cannot be listed. */
  readonly maskPlane?: number
  /** Raw frames that one frame is made of. */
  readonly rawFrames: number
}

/**
 * Corrects tiles in one slot and deflates their gain and mask.
 *
 * Where few pixels depart from their cell's first stage, the kernel only lists these, and the streams are made of the
 * lists. Where there are many, the kernel stores planes, which are deflated one by one. Both give the same planes.
 */
export class TileCorrection {
  readonly #task: TileTask
  readonly #kernels: Kernels
  readonly #layout: LaneLayout
  readonly #slot: SlotViews
  readonly #density: Density
  readonly #packer: Packer
  readonly #planes: CorrectionKernel
  readonly #listed: CorrectionKernel | undefined

  /** @throws Error if there is no such kernel. */
  constructor(task: TileTask, kernels: Kernels, layout: LaneLayout, slot: SlotViews, density: Density) {
    this.#task = task
    this.#kernels = kernels
    this.#layout = layout
    this.#slot = slot
    this.#density = density
    this.#packer = new Packer(kernels, slot.packed)
    this.#planes = correctionKernel(kernels, task.kernel)
    this.#listed = listedKernel(kernels, task.kernel)
  }

  /**
   * Corrects `frames` frames of one cell; `offsets` says where their raw frames lie in the slot. The results hold until
   * the next call.
   * @param cell position among the lane's cells.
   * @param notWritten positions of frames that the file does not hold: all of their pixels get {@link NOT_WRITTEN}.
   */
  run(
    cell: number,
    frames: number,
    offsets: Float64Array,
    times: PhaseTotals,
    notWritten?: readonly number[],
  ): PackedFrame[] {
    // Every pixel of such a frame departs: there is nothing to list.
    if (notWritten !== undefined) return this.#byPlanes(cell, frames, offsets, times, notWritten)
    const streams = this.#density.high ? undefined : this.#byLists(cell, frames, offsets, times)
    this.#density.note(streams === undefined)
    return streams ?? this.#byPlanes(cell, frames, offsets, times)
  }

  #byLists(
    cell: number,
    frames: number,
    offsets: Float64Array,
    times: PhaseTotals,
  ): PackedFrame[] | undefined {
    const correct = this.#listed
    const { maskPlane } = this.#task
    if (correct === undefined || maskPlane === undefined) return undefined
    const slot = this.#slot
    const { pixels, params, masks, maskBytes } = this.#layout
    const constants = this.#constants(cell)
    slot.enter(frames, offsets, this.#task.rawFrames, true)
    timed(times, 'correct', frames * pixels * LISTED_BYTES, () =>
      correct(slot.table, frames, constants, params),
    )
    return timed(times, 'pack', frames * pixels * PACK_BYTES, () => {
      const bytes = this.#kernels.packListed(
        slot.table,
        frames,
        constants + maskPlane * 4 * pixels,
        params,
        masks + cell * maskBytes,
        maskBytes,
        slot.scratch.byteOffset,
        slot.scratch.byteLength,
        slot.packed.byteOffset,
        slot.packed.byteLength,
      )
      return bytes === 0 ? undefined : this.#streams(frames)
    })
  }

  #streams(frames: number): PackedFrame[] {
    const { packed, entries } = this.#slot
    let at = 0
    const next = (bytes: number): Uint8Array => {
      at += bytes
      return packed.subarray(at - bytes, at)
    }
    return Array.from({ length: frames }, (_, position) => {
      const { gain, mask } = entries.streams(position)
      return { gain: next(gain), mask: next(mask) }
    })
  }

  #byPlanes(
    cell: number,
    frames: number,
    offsets: Float64Array,
    times: PhaseTotals,
    notWritten: readonly number[] = [],
  ): PackedFrame[] {
    const slot = this.#slot
    const { pixels, params } = this.#layout
    slot.enter(frames, offsets, this.#task.rawFrames, false)
    timed(times, 'correct', frames * pixels * PLANES_BYTES, () =>
      this.#planes(slot.table, frames, this.#constants(cell), params),
    )
    for (const position of notWritten) {
      const { buffer, byteOffset } = slot.mask(position)
      const mask = new Uint32Array(buffer, byteOffset, pixels)
      for (let p = 0; p < pixels; p++) mask[p] = (mask[p] ?? 0) | NOT_WRITTEN
    }
    this.#packer.restart()
    return timed(times, 'pack', frames * pixels * PACK_BYTES, () =>
      Array.from({ length: frames }, (_, position) => ({
        gain: this.#packer.pack(slot.gain(position)),
        mask: this.#packer.pack(slot.mask(position)),
      })),
    )
  }

  #constants(cell: number): number {
    return this.#layout.constants + cell * this.#task.planes * 4 * this.#layout.pixels
  }
}

/** Remembers whether tiles had too many departures to be listed. It decides nothing but speed. */
export class Density {
  #left = 0

  get high(): boolean {
    return this.#left > 0
  }

  /** @param high the tile could not be done by lists. */
  note(high: boolean): void {
    this.#left = this.#left > 0 ? this.#left - 1 : high ? DENSE_TILES : 0
  }
}
