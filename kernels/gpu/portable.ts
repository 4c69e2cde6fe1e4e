/**
 * Corrections as functions that gpu.js translates, to WebGPU and to whatever else it knows: the portable form, measured beside
 * the WGSL. It knows numbers and ifs, and holds f32 only: masks are given and returned as two halves of 16 bits, thresholds as
 * integers, and raw numbers as f32. `this.thread` is pixel x of frame y; index by it directly, since a variable would be an f32.
 *
 * No NaN, infinity or denormal is promised to come through: a device is tested with them before, and gain chains, in which a
 * product and a sum might be fused, are not here.
 */
export interface PortableThread {
  readonly thread: { readonly x: number; readonly y: number }
  readonly constants: { readonly mg: number; readonly hg: number }
}

/** Planes or rows of numbers: `[row][pixel]`. */
type Rows = readonly ArrayLike<number>[]

/** What a portable kernel gives of a pixel: value, gain stage, low and high half of the mask. */
export type PortablePixel = [number, number, number, number]

/** A correction that gpu.js translates. */
export interface PortableKernel {
  readonly kernel: (this: PortableThread, raw: Rows, planes: Rows) => PortablePixel
  /** Planes of the kernel contract in the order of `planes`: masks are two rows each, low half first. */
  readonly planes: readonly (readonly [plane: number, kind: 'value' | 'above' | 'mask'])[]
}

/** AGIPD's default chain: rows of raw are signal and raw gain of each frame. */
function agipd(this: PortableThread, raw: Rows, planes: Rows): PortablePixel {
  const s = raw[2 * this.thread.y]![this.thread.x]!
  const r = raw[2 * this.thread.y + 1]![this.thread.x]!
  const medium = s - planes[3]![this.thread.x]!
  let d = s - planes[0]![this.thread.x]!
  let g = 0
  if (r >= planes[1]![this.thread.x]!) g = 1
  if (r >= planes[2]![this.thread.x]!) g = 2
  if (g === 2 && medium < this.constants.mg) g = 1
  if (g > 0 && d < this.constants.hg) g = 0
  let low = planes[5]![this.thread.x]!
  let high = planes[6]![this.thread.x]!
  if (g === 1) {
    d = medium
    if (medium < 0) d = 0
    low = planes[7]![this.thread.x]!
    high = planes[8]![this.thread.x]!
  }
  if (g === 2) {
    d = s - planes[4]![this.thread.x]!
    low = planes[9]![this.thread.x]!
    high = planes[10]![this.thread.x]!
  }
  if (Math.abs(d) > 10000000) low = low | 4096
  return [d, g, low, high]
}

/** LPD's default chain: a row of raw is a frame. */
function lpd(this: PortableThread, raw: Rows, planes: Rows): PortablePixel {
  const number = raw[this.thread.y]![this.thread.x]!
  const bits = Math.floor(number / 4096) % 4
  const v = number % 4096
  let o = planes[0]![this.thread.x]!
  let k = planes[1]![this.thread.x]!
  let low = planes[2]![this.thread.x]!
  let high = planes[3]![this.thread.x]!
  let g = 0
  if (bits === 1) {
    g = 1
    o = planes[4]![this.thread.x]!
    k = planes[5]![this.thread.x]!
    low = planes[6]![this.thread.x]!
    high = planes[7]![this.thread.x]!
  }
  if (bits > 1) {
    g = 2
    o = planes[8]![this.thread.x]!
    k = planes[9]![this.thread.x]!
    low = planes[10]![this.thread.x]!
    high = planes[11]![this.thread.x]!
  }
  if (bits === 3) high = high | 32
  const d = (v - o) * k
  if (Math.abs(d) > 10000000) low = low | 4096
  return [d, g, low, high]
}

/** DSSC: a row of raw is a frame. */
function dssc(this: PortableThread, raw: Rows, planes: Rows): PortablePixel {
  let v = raw[this.thread.y]![this.thread.x]!
  if (v === 0) v = 256
  const d = v - planes[0]![this.thread.x]!
  let low = planes[1]![this.thread.x]!
  const high = planes[2]![this.thread.x]!
  if (Math.abs(d) > 10000000) low = low | 4096
  return [d, 0, low, high]
}

/** By the kernels of chains. */
export const PORTABLE_KERNELS: Readonly<Record<string, PortableKernel>> = {
  agipdAdaptive: {
    kernel: agipd,
    planes: [
      [0, 'value'],
      [2, 'above'],
      [3, 'above'],
      [4, 'value'],
      [6, 'value'],
      [1, 'mask'],
      [5, 'mask'],
      [7, 'mask'],
    ],
  },
  lpd: {
    kernel: lpd,
    planes: [0, 3, 6].flatMap(n => [
      [n, 'value'] as const,
      [n + 1, 'value'] as const,
      [n + 2, 'mask'] as const,
    ]),
  },
  dssc: {
    kernel: dssc,
    planes: [
      [0, 'value'],
      [1, 'mask'],
    ],
  },
}
