import { finishPixel, type RangeParams, type ReferenceFrame } from '../../corrections/reference.js'

const WRONG_GAIN_VALUE = 1 << 21

/**
 * The corrections of LPD-1M, one pixel at a time: the definition that the kernel equals bit for bit.
 * `constants` are the planes O0 K0 M0 O1 K1 M1 O2 K2 M2 of one memory cell, `pixels` words each.
 * @returns pixels that are not in high gain or whose mask differs from plane M0.
 */
export function correctLpdFrame(
  params: RangeParams,
  constants: Uint32Array,
  frame: ReferenceFrame<Uint16Array>,
): number {
  const planes = new Planes(constants, frame.data.length)
  let departures = 0
  for (let p = 0; p < frame.data.length; p++) {
    const raw = frame.raw[p]!
    const bits = (raw >> 12) & 3
    const g = Math.min(bits, 2)
    const d = planes.corrected(raw & 0xfff, g, p)
    const m = planes.mask(g, p) | (bits === 3 ? WRONG_GAIN_VALUE : 0)
    finishPixel(params, frame, p, d, g, m)
    if (g !== 0 || frame.mask[p] !== planes.mask(0, p)) departures++
  }
  return departures
}

/**
 * The same in parallel gain: of the three raw frames of a pulse, `raw[0]` high, `raw[1]` medium, `raw[2]` low, each pixel
 * takes the highest stage that is not saturated. Planes S0 S1, where high and medium saturate, follow the others.
 */
export function correctParallelFrame(
  params: RangeParams,
  constants: Uint32Array,
  frame: ReferenceFrame<readonly Uint16Array[]>,
): number {
  const planes = new Planes(constants, frame.data.length)
  let departures = 0
  for (let p = 0; p < frame.data.length; p++) {
    const v = (stage: number): number => frame.raw[stage]![p]! & 0xfff
    const g = v(0) >= planes.saturation(0, p) ? (v(1) >= planes.saturation(1, p) ? 2 : 1) : 0
    finishPixel(params, frame, p, planes.corrected(v(g), g, p), g, planes.mask(g, p))
    if (g !== 0 || frame.mask[p] !== planes.mask(0, p)) departures++
  }
  return departures
}

class Planes {
  readonly #words: Uint32Array
  readonly #floats: Float32Array
  readonly #pixels: number

  constructor(words: Uint32Array, pixels: number) {
    this.#words = words
    this.#floats = new Float32Array(words.buffer, words.byteOffset, words.length)
    this.#pixels = pixels
  }

  corrected(v: number, g: number, p: number): number {
    const offset = this.#floats[3 * g * this.#pixels + p]!
    const factor = this.#floats[(3 * g + 1) * this.#pixels + p]!
    return Math.fround(Math.fround(v - offset) * factor)
  }

  mask(g: number, p: number): number {
    return this.#words[(3 * g + 2) * this.#pixels + p]!
  }

  saturation(stage: number, p: number): number {
    return this.#floats[(9 + stage) * this.#pixels + p]!
  }
}
