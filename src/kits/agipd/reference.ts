import { finishPixel, type ReferenceFrame } from '../../corrections/reference.js'
import type { AgipdKernel } from './chain.js'
import type { AgipdParams } from './params.js'

const f32 = Math.fround

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
  const pixels = frame.data.length
  const bits = (plane: number, p: number): number => constants[plane * pixels + p]!
  const floats = new Float32Array(constants.buffer, constants.byteOffset, constants.length)
  const value = (plane: number, p: number): number => floats[plane * pixels + p]!

  const adaptive = kernel === 'agipdAdaptive' || kernel === 'agipdAdaptiveGain'
  const gainSteps = kernel === 'agipdAdaptiveGain' || kernel === 'agipdFixedGain'
  const planes = adaptive ? ADAPTIVE : FIXED
  let departures = 0

  for (let p = 0; p < pixels; p++) {
    const s = frame.raw[p]!
    const offset = (stage: number): number => value(planes.offset[stage]!, p)

    let g = 0
    if (adaptive) {
      // 1 threshold; 2 low-medium-gap is in T1
      const r = frame.raw[pixels + p]!
      g = r > value(ADAPTIVE.T1, p) ? 2 : r > value(ADAPTIVE.T0, p) ? 1 : 0
      // 3 force-mg-if-below, 4 force-hg-if-below
      if (g === 2 && f32(s - offset(1)) < params.forceMgLimit) g = 1
      if (g > 0 && f32(s - offset(0)) < params.forceHgLimit) g = 0
    }
    // 5 offset
    let d = f32(s - offset(g))
    if (gainSteps) {
      // 8 relative-gain, 9 adjust-mg-baseline
      d = f32(d * value(planes.gain[g]!, p))
      if (!adaptive || g === 1) d = f32(d + value(planes.baseline, p))
    }
    // 10 set-min
    if (params.setMin && adaptive && g === 1 && d < 0) d = 0
    // 11 xray-gain
    if (gainSteps) d = f32(d * value(planes.xray, p))
    // 12 mask
    const m = bits(planes.mask[g]!, p)
    // 14 range
    finishPixel(params, frame, p, d, adaptive ? g : params.stage, m)
    if (g !== 0 || frame.mask[p] !== bits(planes.mask[0], p)) departures++
  }
  return departures
}

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
