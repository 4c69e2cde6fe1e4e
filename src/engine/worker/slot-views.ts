import { FrameTable } from '../../memory/frame-table.js'
import { type LaneLayout, slotOffset } from '../../memory/lane-layout.js'

/** Views on one slot; `position` counts the frames of the current tile. */
export class SlotViews {
  /** Room for the raw frames of one tile. */
  readonly raw: Uint8Array
  /** Room for the deflated planes of one tile. */
  readonly packed: Uint8Array
  /** Bytes that nobody needs while departures are listed. */
  readonly scratch: Uint8Array
  readonly entries: FrameTable
  /** Byte address of the frame table in the lane's memory, as kernels take it. */
  readonly table: number
  readonly #layout: LaneLayout
  readonly #buffer: ArrayBufferLike
  readonly #base: number

  constructor(buffer: ArrayBufferLike, layout: LaneLayout, slot: number) {
    this.#layout = layout
    this.#buffer = buffer
    this.#base = slotOffset(layout, slot)
    const { table, raw, mask, packed, packedBytes } = layout.slot
    this.table = this.#base + table
    this.entries = new FrameTable(buffer, this.table, layout.tileFrames)
    this.raw = new Uint8Array(buffer, this.#base + raw, layout.blockFrames * layout.rawFrameBytes)
    this.scratch = new Uint8Array(buffer, this.#base + mask, layout.tileFrames * layout.pixels * 4)
    this.packed = new Uint8Array(buffer, this.#base + packed, packedBytes)
  }

  /**
   * Fills the table for `frames` frames whose raw frames lie at byte `offsets` of {@link raw}, `rawFrames` each.
   * @param listed departures are listed, each frame's where its gain plane would be.
   */
  enter(frames: number, offsets: Float64Array, rawFrames: number, listed: boolean): void {
    for (let position = 0; position < frames; position++) {
      const [raw = 0, ...others] = Array.from(
        offsets.subarray(position * rawFrames, (position + 1) * rawFrames),
        offset => this.raw.byteOffset + offset,
      )
      const gain = this.gain(position)
      this.entries.set(position, {
        raw,
        others,
        data: this.data(position).byteOffset,
        gain: gain.byteOffset,
        mask: listed ? gain.byteOffset + gain.byteLength : this.mask(position).byteOffset,
      })
    }
  }

  data(position: number): Uint8Array {
    return this.#plane(this.#layout.slot.data, position, this.#layout.pixels * 4)
  }

  gain(position: number): Uint8Array {
    return this.#plane(this.#layout.slot.gain, position, this.#layout.pixels)
  }

  mask(position: number): Uint8Array {
    return this.#plane(this.#layout.slot.mask, position, this.#layout.pixels * 4)
  }

  #plane(start: number, position: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#base + start + position * bytes, bytes)
  }
}
