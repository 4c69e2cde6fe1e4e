/** What is made of corrected frames beside themselves, in the same pass. Absent parts are not made. */
export interface DerivedRequest {
  /** Count lit pixels: those that are not masked and above this value. */
  readonly litThreshold?: number
}

/** What was made of the frames of a block, in its order. */
export interface DerivedFrames {
  readonly litPixels?: LitPixels
}

/** Pixels of each frame. */
export interface LitPixels {
  /** Pixels without a bad-pixel bit. */
  readonly unmasked: Uint32Array
  /** Of these, those above the threshold. */
  readonly lit: Uint32Array
  /** Sum of the values of the lit ones. */
  readonly total: Float64Array
}

/** All zero, for `frames` frames. */
export function noLitPixels(frames: number): LitPixels {
  return {
    unmasked: new Uint32Array(frames),
    lit: new Uint32Array(frames),
    total: new Float64Array(frames),
  }
}
