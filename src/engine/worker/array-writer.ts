import { framesLast } from '../../memory/frames-last.js'
import type { Kernels } from '../../wasm/kernels.js'
import type { ArrayPart, ArraysOut, ModuleArrays } from '../contract/module-arrays.js'
import type { SlotViews } from '../contract/slot-views.js'
import { Looker } from './looker.js'

type Elements = Float32Array | Uint32Array | Uint8Array

/** A frame whose results are in the slot. */
interface Pending {
  /** Index in the block. */
  readonly member: number
  /** Byte of the slot's raw part where its first raw frame is. */
  readonly raw: number
}

/**
 * Copies the results of a block into arrays that modules share. Frames gather in the slot, as many as it holds, and are
 * copied together: with frames last, what one frame has of a cache line is too little to be written alone.
 */
export class ArrayWriter {
  readonly #out: ArraysOut
  readonly #slot: SlotViews
  readonly #kernels: Kernels
  readonly #looker: Looker
  #pending: Pending[] = []
  /** Bytes copied so far. */
  written = 0

  constructor(out: ArraysOut, slot: SlotViews, kernels: Kernels) {
    this.#out = out
    this.#slot = slot
    this.#kernels = kernels
    this.#looker = new Looker(out.views, slot)
  }

  /** Places in the slot for the results of a tile; those of earlier tiles are copied first if there is no room. */
  positions(members: readonly number[], offsets: Float64Array, rawFrames: number): number[] {
    if (this.#pending.length + members.length > this.#slot.layout.slotFrames) this.flush()
    const first = this.#pending.length
    for (const [i, member] of members.entries())
      this.#pending.push({ member, raw: offsets[i * rawFrames] ?? 0 })
    return members.map((_, i) => first + i)
  }

  /** Copies what is in the slot. */
  flush(): void {
    const pending = this.#pending
    this.#pending = []
    const { nanBits, targets } = this.#out
    for (const [position, { member, raw }] of pending.entries()) this.#looker.look(position, member, raw)
    if (nanBits !== 0) {
      const { pixels } = this.#slot.layout
      for (const position of pending.keys())
        this.#kernels.nanWhere(
          this.#slot.data(position).byteOffset,
          this.#slot.mask(position).byteOffset,
          pixels,
          nanBits,
        )
    }
    const members = pending.map(({ member }) => member)
    for (const arrays of targets) {
      const { data, gain, mask } = arrays
      this.#copy(arrays, data, members, Float32Array, position => this.#slot.data(position))
      if (gain) this.#copy(arrays, gain, members, Uint8Array, position => this.#slot.gain(position))
      if (mask) this.#copy(arrays, mask, members, Uint32Array, position => this.#slot.mask(position))
    }
  }

  /** Copies what is left, and finishes what is looked at. */
  end(): void {
    this.flush()
    this.#looker.end()
  }

  #copy(
    arrays: ModuleArrays,
    { buffer, start, frameStride }: ArrayPart,
    members: readonly number[],
    Elements: { new (buffer: ArrayBufferLike, offset?: number, length?: number): Elements },
    planeAt: (position: number) => Uint8Array,
  ): void {
    const { pixels } = this.#slot.layout
    const planes = members.map((_, position) => {
      const { buffer, byteOffset } = planeAt(position)
      return new Elements(buffer, byteOffset, pixels)
    })
    const target = new Elements(buffer)
    if (arrays.order === 'file')
      for (const [i, plane] of planes.entries()) target.set(plane, start + (members[i] ?? 0) * frameStride)
    else framesLast(planes, members, arrays, target.subarray(start), arrays.frames)
    this.written += planes.length * pixels * target.BYTES_PER_ELEMENT
  }
}
