import { photonsOf } from '../../corrections/photons.js'
import { finishPixel, type ReferenceFrame } from '../../corrections/reference.js'
import type { AgipdKernel } from './chain.js'
import type { AgipdParams } from './params.js'

const f32 = Math.fround

/** The planes of constants of one memory cell as a kernel reads them (docs/architecture.md), `pixels` words each. */
class Planes {
  readonly adaptive: boolean
  /** Whether there are planes of gains. */
  readonly gainSteps: boolean
  readonly at: typeof ADAPTIVE | typeof FIXED
  readonly #words: Uint32Array
  readonly #floats: Float32Array
  readonly #pixels: number

  constructor(kernel: AgipdKernel, words: Uint32Array, pixels: number) {
    this.adaptive = kernel === 'agipdAdaptive' || kernel === 'agipdAdaptiveGain'
    this.gainSteps = kernel === 'agipdAdaptiveGain' || kernel === 'agipdFixedGain'
    this.at = this.adaptive ? ADAPTIVE : FIXED
    this.#words = words
    this.#floats = new Float32Array(words.buffer, words.byteOffset, words.length)
    this.#pixels = pixels
  }

  bits(plane: number, p: number): number {
    return this.#words[plane * this.#pixels + p]!
  }

  value(plane: number, p: number): number {
    return this.#floats[plane * this.#pixels + p]!
  }
}

/**
 * The corrections of AGIPD-1M, one pixel at a time: the definition that every kernel equals bit for bit.
 * `frame.raw` holds the analogue signals and behind them, in adaptive gain, as many raw gains. `constants` are the
 * planes of one memory cell as `kernel` reads them (docs/architecture.md), `pixels` words each.
 * @returns pixels whose gain or mask differ from the first stage's (fixed gain: whose mask differs).
 */
export function correctAgipdFrame(
  kernel: AgipdKernel,
  params: AgipdParams,
  constants: Uint32Array,
  frame: ReferenceFrame<Uint16Array>,
): number {
  const stages = stageAgipdFrame(kernel, params, constants, frame)
  return finishAgipdFrame(kernel, params, constants, { ...frame, raw: stages })
}

/**
 * Steps 1 to 5, from `frame.raw` into `frame.data`.
 * @returns the place of each pixel's stage among the constants: its gain stage, 0 in fixed gain.
 */
export function stageAgipdFrame(
  kernel: AgipdKernel,
  params: AgipdParams,
  constants: Uint32Array,
  { raw, data }: Pick<ReferenceFrame<Uint16Array>, 'raw' | 'data'>,
): Uint8Array {
  const pixels = data.length
  const planes = new Planes(kernel, constants, pixels)
  const stages = new Uint8Array(pixels)
  for (let p = 0; p < pixels; p++) {
    const s = raw[p]!
    const offset = (stage: number): number => planes.value(planes.at.offset[stage]!, p)
    let g = 0
    if (planes.adaptive) {
      // 1 threshold; 2 low-medium-gap is in T1
      const r = raw[pixels + p]!
      g = r > planes.value(ADAPTIVE.T1, p) ? 2 : r > planes.value(ADAPTIVE.T0, p) ? 1 : 0
      // 3 force-mg-if-below, 4 force-hg-if-below
      if (g === 2 && f32(s - offset(1)) < params.forceMgLimit) g = 1
      if (g > 0 && f32(s - offset(0)) < params.forceHgLimit) g = 0
    }
    // 5 offset
    data[p] = f32(s - offset(g))
    stages[p] = g
  }
  return stages
}

/**
 * Steps 8 to 15, of `frame.data` in place; `frame.raw` are the stages that {@link stageAgipdFrame} returned.
 * @param still not 0: all samples of this pixel are the same; absent: not known.
 * @returns as {@link correctAgipdFrame}.
 */
export function finishAgipdFrame(
  kernel: AgipdKernel,
  params: AgipdParams,
  constants: Uint32Array,
  frame: ReferenceFrame<Uint8Array>,
  still?: Uint8Array,
): number {
  const { data, raw: stages } = frame
  const planes = new Planes(kernel, constants, data.length)
  const { adaptive, gainSteps, at } = planes
  let departures = 0
  for (let p = 0; p < data.length; p++) {
    const g = stages[p]!
    let d = data[p]!
    if (gainSteps) {
      // 8 relative-gain, 9 adjust-mg-baseline
      d = f32(d * planes.value(at.gain[g]!, p))
      if (!adaptive || g === 1) d = f32(d + planes.value(at.baseline, p))
    }
    // 10 set-min
    if (params.setMin && adaptive && g === 1 && d < 0) d = 0
    // 11 xray-gain
    if (gainSteps) d = f32(d * planes.value(at.xray, p))
    // 12 mask; noisy-adc is in it
    let m = planes.bits(at.mask[g]!, p)
    // 13 zero-std
    if (still?.[p]) m |= DATA_STD_IS_ZERO
    // 15 round-photons, whose results 14 range leaves alone
    if (params.photons) {
      const { photons, bits } = photonsOf(d, params.photons)
      d = photons
      m |= bits
    }
    finishPixel(params, frame, p, d, adaptive ? g : params.stage, m)
    if (g !== 0 || frame.mask[p] !== planes.bits(at.mask[0], p)) departures++
  }
  return departures
}

const DATA_STD_IS_ZERO = 1 << 14

/** Plane numbers by gain stage. In fixed gain there is one stage's only. */
const ADAPTIVE = {
  T0: 2,
  T1: 3,
  offset: [0, 4, 6],
  mask: [1, 5, 7],
  gain: [8, 10, 11],
  xray: 9,
  baseline: 12,
} as const
const FIXED = { offset: [0], mask: [1], gain: [2], xray: 3, baseline: 4 } as const
