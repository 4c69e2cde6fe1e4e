import type { Detector } from '../detectors/detector.js'
import type { Rows } from './run.js'

/**
 * Whether a train's pulse ids begin anew where in parallel gain the next stage does, at both places: no single id that is
 * wrong looks so.
 */
export function beginAnew(detector: Detector, pulseIds: ArrayLike<number>, { first, count }: Rows): boolean {
  const part = framesWithIds(detector, pulseIds, { first, count })
  if (part === count) return false
  const begin = pulseIds[first] ?? 0
  for (let row = first + part; row < first + count; row += part)
    if ((pulseIds[row] ?? 0) > begin) return false
  return true
}

/**
 * How many of a train's frames have valid ids, as far as the ids themselves tell: all, but in parallel gain only the
 * first part, behind which pulse ids begin anew.
 */
export function framesWithIds(
  { parallelFrames }: Detector,
  pulseIds: ArrayLike<number>,
  { first, count }: Rows,
): number {
  if (parallelFrames === undefined || count === 0 || count % parallelFrames !== 0) return count
  const part = count / parallelFrames
  const risesTo = (row: number): boolean => (pulseIds[row] ?? 0) > (pulseIds[row - 1] ?? 0)
  for (let i = 1; i < part; i++) if (!risesTo(first + i)) return count
  return risesTo(first + part) ? count : part
}
