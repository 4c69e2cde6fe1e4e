import type { SlotViews } from '../contract/slot-views.js'

/** Raw frames of one module and one train, in memory. */
export interface RawFrames {
  /** Which train: smaller numbers go first. */
  readonly train: number
  /** `[frame][raw frame of it][plane][slow scan][fast scan]`, as the detector writes them; left alone until corrected. */
  readonly raw: Uint16Array
  /** Memory cell of each frame. */
  readonly cellIds: ArrayLike<number>
}

/** Corrected frames of one module and one train, in the memory of a slot: they are gone once it is released. */
export interface HeldFrames {
  readonly train: number
  readonly frames: number
  /** `[slow scan][fast scan]` of frame `index`. */
  data(index: number): Float32Array
  /** Gain stage of each pixel: 0 high, 1 medium, 2 low. */
  gain(index: number): Uint8Array
  /** Bad-pixel bits of each pixel, 0 is good. */
  mask(index: number): Uint32Array
  /** Gives the slot back: nothing of the frames may be used afterwards. May be called again. */
  release(): void
}

/** The first `frames` frames in `slot`. */
export function heldFrames(train: number, frames: number, slot: SlotViews, release: () => void): HeldFrames {
  let released = false
  const inSlot = <T>(index: number, view: (bytes: Uint8Array) => T, bytes: (at: number) => Uint8Array): T => {
    if (released) throw new Error(`train ${train} was released`)
    if (!(index >= 0 && index < frames)) throw new RangeError(`train ${train} has no frame ${index}`)
    return view(bytes(index))
  }
  return {
    ...{ train, frames },
    data: index =>
      inSlot(
        index,
        bytes => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
        i => slot.data(i),
      ),
    gain: index =>
      inSlot(
        index,
        bytes => bytes,
        i => slot.gain(i),
      ),
    mask: index =>
      inSlot(
        index,
        bytes => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
        i => slot.mask(i),
      ),
    release: () => {
      released = true
      release()
    },
  }
}
