import { UsageError } from '../../src/model/errors.js'

/** Least and greatest value that a good pixel may have, inclusive. */
export type Bounds = readonly [low: number, high: number]

/** Limits of a good pixel; a stage beyond the end of a list takes its last bounds. */
export interface DarkLimits {
  /** Distance of an offset from the median over the module's pixels, in standard deviations over them. */
  readonly offsetSigma: number
  /** ADU, by gain stage. */
  readonly offsetHard: readonly Bounds[]
  readonly noiseSigma: number
  /** ADU, by gain stage. */
  readonly noiseHard: readonly Bounds[]
  /** Least distance of the raw gains of neighbouring stages, in their common standard deviation; unused without thresholds. */
  readonly gainSeparation: number
}

/** The bounds of a stage. */
export function boundsOf(bounds: readonly Bounds[], stage: number): Bounds {
  return bounds[Math.min(stage, bounds.length - 1)] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
}

/** Bounds of `low,high` for all stages, or `low,high:low,high:…` by stage. @throws UsageError naming `option`. */
export function parseBounds(text: string, stages: number, option: string): Bounds[] {
  const list = text.split(':').map((part): Bounds => {
    const [low = Number.NaN, high = Number.NaN, ...more] = part
      .split(',')
      .map(number => (number.trim() === '' ? Number.NaN : Number(number)))
    if (low <= high && more.length === 0) return [low, high]
    throw new UsageError(`${option} ${JSON.stringify(text)}: ${JSON.stringify(part)} is not low,high`, {
      hint: `Write it like ${option} 3000,7000, or one pair a stage: 3000,7000:6000,10000:6000,10000`,
    })
  })
  const [first] = list
  if (first !== undefined && list.length === 1) return Array.from({ length: stages }, () => first)
  if (list.length === stages) return list
  throw new UsageError(`${option} ${JSON.stringify(text)} has ${list.length} pairs for ${stages} stages`, {
    hint: 'Write one pair for all stages, or one a stage separated by colons',
  })
}

/** A factor of standard deviations. @throws UsageError naming `option`. */
export function requireSigma(value: number, option: string): number {
  if (value >= 0) return value
  throw new UsageError(`${option} ${value} is not a number of standard deviations`, { hint: 'Use 0 or more' })
}
