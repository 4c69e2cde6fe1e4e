import { BAD_PIXELS, badPixelMask } from '../bad-pixels.js'
import { type Bounds, boundsOf, type DarkLimits } from './limits.js'
import type { StagePlanes } from './planes.js'
import { finiteMedian, type Spread, spreadOf } from './spread.js'

const OFFSET = badPixelMask('OFFSET_OUT_OF_THRESHOLD')
const NOISE = badPixelMask('NOISE_OUT_OF_THRESHOLD')
const EVALUATION = badPixelMask('OFFSET_NOISE_EVAL_ERROR')
const NO_DATA = badPixelMask('OFFSET_NOISE_EVAL_ERROR', 'NO_DARK_DATA')
const GAIN = badPixelMask('GAIN_THRESHOLDING_ERROR')

/** Bits that a dark characterisation sets, in order of {@link StageJudgement.reasons}. */
export const DARK_REASONS = [
  'OFFSET_OUT_OF_THRESHOLD',
  'NOISE_OUT_OF_THRESHOLD',
  'OFFSET_NOISE_EVAL_ERROR',
  'NO_DARK_DATA',
  'GAIN_THRESHOLDING_ERROR',
] as const

/** What was found of one cell in one stage. */
export interface StageJudgement {
  /** Median over the module's pixels, ADU. */
  readonly offset: number
  readonly noise: number
  /** Medians of means and standard deviations of the gain samples, of some pixels: they tell stages. NaN: there are none. */
  readonly gain: number
  readonly gainDeviation: number
  /** Pixels with any bit. */
  readonly bad: number
  /** Pixels with each bit of {@link DARK_REASONS}. */
  readonly reasons: readonly number[]
}

/**
 * Writes the bad-pixel planes of one cell, all bits of all stages.
 *
 * Offset and noise of each (cell, stage) are held against median and standard deviation over the module's pixels and
 * against the hard limits, in f64 on the f32 values; stages without frames become NaN with bits 2 and 3.
 * @param stages in order of gain stages. @param present whether a stage has frames of the cell.
 * @param separate raw gains of neighbouring stages must be {@link DarkLimits.gainSeparation} apart.
 */
export function judgeCell(
  stages: readonly StagePlanes[],
  present: readonly boolean[],
  limits: DarkLimits,
  separate: boolean,
): StageJudgement[] {
  const spreads = stages.map((planes, stage) => {
    if (!present[stage]) clear(planes)
    const spread = { offset: spreadOf(planes.offset), noise: spreadOf(planes.noise) }
    const { bad, offset, noise } = planes
    bad.fill(present[stage] ? 0 : NO_DATA)
    mark(offset, spread.offset, limits.offsetSigma, boundsOf(limits.offsetHard, stage), OFFSET, bad)
    mark(noise, spread.noise, limits.noiseSigma, boundsOf(limits.noiseHard, stage), NOISE, bad)
    return spread
  })
  for (let stage = 0; separate && stage + 1 < stages.length; stage++) {
    const [planes, next] = [stages[stage], stages[stage + 1]]
    if (planes && next) markGain(planes, next, limits.gainSeparation)
  }
  return stages.map(({ bad, gain }, stage) => ({
    offset: spreads[stage]?.offset.median ?? Number.NaN,
    noise: spreads[stage]?.noise.median ?? Number.NaN,
    gain: gain ? finiteMedian(sampled(gain.mean)) : Number.NaN,
    gainDeviation: gain ? finiteMedian(sampled(gain.deviation)) : Number.NaN,
    ...counted(bad),
  }))
}

/** Every seventh pixel: a number that no structure of a module shares. */
function sampled(values: Float32Array): Float32Array {
  const step = Math.min(7, values.length)
  const some = new Float32Array(Math.floor(values.length / step))
  for (let i = 0; i < some.length; i++) some[i] = values[i * step] ?? Number.NaN
  return some
}

function clear({ offset, noise, gain }: StagePlanes): void {
  for (const plane of [offset, noise, ...(gain ? [gain.mean, gain.deviation] : [])]) plane.fill(Number.NaN)
}

/** Values that are not finite compare false throughout: they have a bit of their own. */
function mark(
  values: Float32Array,
  { median, deviation }: Spread,
  sigma: number,
  [low, high]: Bounds,
  bit: number,
  bad: Uint32Array,
): void {
  const width = sigma * deviation
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN
    if (Math.abs(value - median) > width || value < low || value > high) bad[i] = (bad[i] ?? 0) | bit
    if (value - value !== 0) bad[i] = (bad[i] ?? 0) | EVALUATION
  }
}

function markGain(a: StagePlanes, b: StagePlanes, separation: number): void {
  if (!(a.gain && b.gain)) return
  const [mean, deviation, nextMean, nextDeviation] = [
    a.gain.mean,
    a.gain.deviation,
    b.gain.mean,
    b.gain.deviation,
  ]
  for (let i = 0; i < mean.length; i++) {
    const step = (nextMean[i] ?? Number.NaN) - (mean[i] ?? Number.NaN)
    const width = Math.sqrt((deviation[i] ?? 0) ** 2 + (nextDeviation[i] ?? 0) ** 2)
    if (width === 0 ? step === 0 : step / width < separation) {
      a.bad[i] = (a.bad[i] ?? 0) | GAIN
      b.bad[i] = (b.bad[i] ?? 0) | GAIN
    }
  }
}

function counted(bad: Uint32Array): Pick<StageJudgement, 'bad' | 'reasons'> {
  let any = 0
  const byBit = new Float64Array(32)
  for (let i = 0; i < bad.length; i++) {
    let rest = bad[i] ?? 0
    if (rest === 0) continue
    any++
    for (; rest !== 0; rest &= rest - 1) {
      const bit = 31 - Math.clz32(rest & -rest)
      byBit[bit] = (byBit[bit] ?? 0) + 1
    }
  }
  return { bad: any, reasons: DARK_REASONS.map(name => byBit[BAD_PIXELS[name]] ?? 0) }
}
