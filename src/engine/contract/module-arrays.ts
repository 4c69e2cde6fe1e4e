/**
 * Axes of an array of frames. `file`: frames come first, a module's pixels are `[slow scan][fast scan]`. `online`, as Karabo's
 * pipelines have it: frames come last, `[fast scan][slow scan][frame]`.
 */
export const FRAME_ORDERS = ['online', 'file'] as const
export type FrameOrder = (typeof FRAME_ORDERS)[number]

/** One module's part of an array in shared memory. */
export interface ArrayPart {
  readonly buffer: SharedArrayBuffer
  /** Element of the array at which pixel 0 of the module's frame 0 is. */
  readonly start: number
  /** Elements from a frame to the next, in `file` order; in `online` order it is 1. */
  readonly frameStride: number
}

/** What somebody wants to look at: one plane of 32-bit floats, `[slow scan][fast scan]`, made on the way. */
export interface LookedAt {
  readonly layer: 'raw' | 'corrected' | 'gain' | 'mask'
  /** Index along the frame axis; absent: the mean of the frames' finite values. */
  readonly frame?: number
  readonly buffer: SharedArrayBuffer
  /** Element at which the module's plane begins. */
  readonly start: number
}

/** Where the results of one module's frames go, frame k of the block at index k of the frame axis. */
export interface ModuleArrays {
  readonly order: FrameOrder
  /** Pixels of a module. */
  readonly slowScan: number
  readonly fastScan: number
  /** Length of the frame axis. */
  readonly frames: number
  /** f32 */
  readonly data: ArrayPart
  /** u8 */
  readonly gain?: ArrayPart
  /** u32 */
  readonly mask?: ArrayPart
}

/** What is made of a block's results while it is corrected. */
export interface ArraysOut {
  readonly kind: 'arrays'
  readonly targets: readonly ModuleArrays[]
  /** Values of pixels with one of these bad-pixel bits become NaN; 0: of none. */
  readonly nanBits: number
  /** Planes that somebody looks at: as they are before that. */
  readonly views: readonly LookedAt[]
}
