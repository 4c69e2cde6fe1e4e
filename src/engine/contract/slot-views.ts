import { FrameTable } from '../../memory/frame-table.js'
import type { LaneHandle } from '../../memory/lane.js'
import { type LaneLayout, slotOffset } from '../../memory/lane-layout.js'

/** Views on one slot. `position` counts the frames whose results it holds: those of a tile, or of a whole block. */
export class SlotViews {
  /** Raw frames as they are in the file. */
  readonly raw: Uint8Array
  /** Deflated planes of one tile. */
  readonly deflated: Uint8Array
  /** Bytes that nobody needs while departures are listed. */
  readonly scratch: Uint8Array
  readonly entries: FrameTable
  /** Byte address of the frame table in the lane's memory, as kernels take it. */
  readonly table: number
  readonly layout: LaneLayout
  readonly lane: LaneHandle
  readonly #buffer: ArrayBufferLike
  readonly #base: number

  constructor(lane: LaneHandle, slot: number) {
    const { memory, layout } = lane
    this.layout = layout
    this.lane = lane
    this.#buffer = memory.buffer
    this.#base = slotOffset(layout, slot)
    const { table, raw, mask, deflated, deflatedBytes } = layout.slot
    const at = (offset: number, bytes: number) => new Uint8Array(memory.buffer, this.#base + offset, bytes)
    this.table = this.#base + table
    this.entries = new FrameTable(memory.buffer, this.table, layout.slotFrames)
    this.raw = at(raw, layout.slotRawFrames * layout.rawFrameBytes)
    this.scratch = at(mask, layout.slotFrames * layout.pixels * 4)
    this.deflated = at(deflated, deflatedBytes)
  }

  /** Data of the frame at `position`: f32, `[slow scan][fast scan]`. */
  data(position: number): Uint8Array {
    return this.#plane(this.layout.slot.data, position, this.layout.pixels * 4)
  }

  /** Gain stages: u8. */
  gain(position: number): Uint8Array {
    return this.#plane(this.layout.slot.gain, position, this.layout.pixels)
  }

  /** Bad-pixel bits: u32. */
  mask(position: number): Uint8Array {
    return this.#plane(this.layout.slot.mask, position, this.layout.pixels * 4)
  }

  #plane(start: number, position: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#base + start + position * bytes, bytes)
  }
}
