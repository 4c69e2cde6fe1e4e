import { TABLE_ENTRY_BYTES } from './lane-layout.js'

/** Byte offsets, in a lane, of what belongs to one frame. Planes are one element a pixel in image order. */
export interface FrameEntry {
  /** u16 planes as in the file. */
  readonly raw: number
  /** Parallel gain: the raw frames of the medium and the low stage; `raw` is that of the high one. */
  readonly others?: ArrayLike<number>
  /** f32. */
  readonly data: number
  /** u8; listed form: start of the list of departures. */
  readonly gain: number
  /** u32; listed form: end of the list's buffer. */
  readonly mask: number
  /** What kernels of steps that need whole images or files take besides. */
  readonly whole?: WholeEntry
}

/** Byte offsets of what belongs to one frame of a chain that needs whole images or files. */
export interface WholeEntry {
  /** Gain stages, u8 a pixel. */
  readonly stages: number
  /** Not 0 where all samples of the file are the same, u8 a pixel; 0: not known. */
  readonly still: number
  /** Means of the frame's ASICs, f32 `[iteration][ASIC]`; 0: none. */
  readonly means: number
}

const WORD = { gain: 2, mask: 3, departures: 4 } as const

/**
 * The frame table that a kernel call works through: entry i at byte `table + 32·i` (docs/architecture.md, kernel
 * contract; its counterpart is kernels/table.ts).
 */
export class FrameTable {
  readonly #words: Uint32Array

  /** @param entries most frames of a call. @throws RangeError if the table does not fit or is unaligned. */
  constructor(buffer: ArrayBufferLike, table: number, entries: number) {
    this.#words = new Uint32Array(buffer, table, (entries * TABLE_ENTRY_BYTES) / 4)
  }

  /** Writes entry `index`. @throws RangeError if the table has no such entry. */
  set(index: number, { raw, others = [], data, gain, mask, whole }: FrameEntry): void {
    const { stages = others[0] ?? 0, still = others[1] ?? 0, means = 0 } = whole ?? {}
    this.#words.set([raw, data, gain, mask, 0, stages, still, means], (index * TABLE_ENTRY_BYTES) / 4)
  }

  /** Pixels of frame `index` that left high gain or were flagged by the kernel (fixed gain: flagged). */
  departures(index: number): number {
    return this.#word(index, WORD.departures)
  }

  /** Bytes of the deflated planes of frame `index`, once `deflateListed` has made them. */
  streams(index: number): { readonly gain: number; readonly mask: number } {
    return { gain: this.#word(index, WORD.gain), mask: this.#word(index, WORD.mask) }
  }

  #word(index: number, word: number): number {
    return this.#words[(index * TABLE_ENTRY_BYTES) / 4 + word] ?? 0
  }
}
