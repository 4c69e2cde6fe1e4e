import { BAD_PIXELS, badPixelMask } from '../model/bad-pixels.js'
import { type Bounds, boundsOf, type DarkLimits } from './limits.js'
import type { StagePlanes } from './planes.js'
import { type Spread, spreadBytes, spreadOf } from './spread.js'
import type { KernelWorkspace } from './workspace.js'

const OFFSET = badPixelMask('OFFSET_OUT_OF_THRESHOLD')
const NOISE = badPixelMask('NOISE_OUT_OF_THRESHOLD')
const EVALUATION = badPixelMask('OFFSET_NOISE_EVAL_ERROR')
const NO_DATA = badPixelMask('OFFSET_NOISE_EVAL_ERROR', 'NO_DARK_DATA')
const GAIN = badPixelMask('GAIN_THRESHOLDING_ERROR')

/** Bits that a dark characterisation sets, in order of {@link StageEvaluation.reasons}. */
export const DARK_REASONS = [
  'OFFSET_OUT_OF_THRESHOLD',
  'NOISE_OUT_OF_THRESHOLD',
  'OFFSET_NOISE_EVAL_ERROR',
  'NO_DARK_DATA',
  'GAIN_THRESHOLDING_ERROR',
] as const

/** What was found of one cell in one stage. */
export interface StageEvaluation {
  /** Median over the module's pixels, ADU. */
  readonly offset: number
  readonly noise: number
  /**
   * Medians of means and standard deviations of the gain samples, of some pixels: they identify stages. NaN: there are none.
   */
  readonly gain: number
  readonly gainDeviation: number
  /** Pixels with any bit. */
  readonly bad: number
  /** Pixels with each bit of {@link DARK_REASONS}. */
  readonly reasons: readonly number[]
}

/** Every seventh pixel is used to identify the stage: no structure of a module has this period. */
const STEP = 7
/** Bytes of the counts of all bits, and of any. */
const COUNTS = 192

/** The workspace that {@link evaluateCell} needs. */
export function evaluationBytes(pixels: number): number {
  return COUNTS + spreadBytes(pixels) + 4 * Math.ceil(pixels / STEP + 4)
}

/**
 * Writes the bad-pixel planes of one cell, all bits of all stages.
 *
 * Offset and noise of each (cell, stage) are compared with median and standard deviation over the module's pixels and
 * with the hard limits, in f64 on the f32 values; stages without frames become NaN with bits 2 and 3.
 * @param stages in order of gain stages; planes of a multiple of 4 pixels. @param present whether a stage has frames of
 * the cell. @param separate raw gains of neighbouring stages must be {@link DarkLimits.gainSeparation} apart.
 * @param workspace {@link evaluationBytes} in the memory of the planes.
 */
export function evaluateCell(
  stages: readonly StagePlanes[],
  present: readonly boolean[],
  limits: DarkLimits,
  separate: boolean,
  workspace: KernelWorkspace,
): StageEvaluation[] {
  const spreads = stages.map((planes, stage) => {
    if (!present[stage]) clear(planes)
    const { bad, offset, noise } = planes
    const spread = { offset: spreadOf(offset, workspace), noise: spreadOf(noise, workspace) }
    bad.fill(present[stage] ? 0 : NO_DATA)
    const mark = (
      values: Float32Array,
      { median, deviation }: Spread,
      sigma: number,
      hard: Bounds,
      bit: number,
    ) =>
      workspace.kernels.markOutside(
        values.byteOffset,
        values.length,
        median,
        sigma * deviation,
        ...hard,
        bit,
        EVALUATION,
        bad.byteOffset,
      )
    mark(offset, spread.offset, limits.offsetSigma, boundsOf(limits.offsetHard, stage), OFFSET)
    mark(noise, spread.noise, limits.noiseSigma, boundsOf(limits.noiseHard, stage), NOISE)
    return spread
  })
  for (let stage = 0; separate && stage + 1 < stages.length; stage++) {
    const [planes, next] = [stages[stage], stages[stage + 1]]
    if (planes && next) markGain(planes, next, limits.gainSeparation, workspace)
  }
  return stages.map(({ bad, gain }, stage) => ({
    offset: spreads[stage]?.offset.median ?? Number.NaN,
    noise: spreads[stage]?.noise.median ?? Number.NaN,
    gain: gain ? medianOfSome(gain.mean, workspace) : Number.NaN,
    gainDeviation: gain ? medianOfSome(gain.deviation, workspace) : Number.NaN,
    ...counted(bad, workspace),
  }))
}

function medianOfSome(values: Float32Array, workspace: KernelWorkspace): number {
  const step = Math.min(STEP, values.length)
  const count = Math.floor(values.length / step)
  const some = new Float32Array(workspace.buffer, workspace.at, Math.ceil(count / 4) * 4).fill(Number.NaN)
  for (let i = 0; i < count; i++) some[i] = values[i * step] ?? Number.NaN
  const behind = Math.ceil(some.byteLength / 64) * 64
  return spreadOf(some, { ...workspace, at: workspace.at + behind }).median
}

function clear({ offset, noise, gain }: StagePlanes): void {
  for (const plane of [offset, noise, ...(gain ? [gain.mean, gain.deviation] : [])]) plane.fill(Number.NaN)
}

function markGain(a: StagePlanes, b: StagePlanes, separation: number, { kernels }: KernelWorkspace): void {
  if (!(a.gain && b.gain)) return
  kernels.markClose(
    a.gain.mean.byteOffset,
    a.gain.deviation.byteOffset,
    b.gain.mean.byteOffset,
    b.gain.deviation.byteOffset,
    a.gain.mean.length,
    separation,
    GAIN,
    a.bad.byteOffset,
    b.bad.byteOffset,
  )
}

function counted(
  bad: Uint32Array,
  { kernels, buffer, at }: KernelWorkspace,
): Pick<StageEvaluation, 'bad' | 'reasons'> {
  kernels.countBits(bad.byteOffset, bad.length, at)
  const counts = new Uint32Array(buffer, at, 33)
  return { bad: counts[32] ?? 0, reasons: DARK_REASONS.map(name => counts[BAD_PIXELS[name]] ?? 0) }
}
