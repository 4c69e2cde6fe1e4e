import type { Detector } from '../../detectors/detector.js'
import type { Rows } from './run.js'

type Ids = ArrayLike<number>

/** Whether ids rise strictly from row `first` to before `end`. */
function rise(ids: Ids, first: number, end: number): boolean {
  for (let row = first + 1; row < end; row++) if (!((ids[row] ?? 0) > (ids[row - 1] ?? 0))) return false
  return true
}

/**
 * Whether a train's pulse ids end where in parallel gain the next stage begins: the first part rises, and neither of the
 * others goes on: each begins where the first did, or does not rise. No single id that is wrong looks so.
 */
export function beginAnew({ parallelFrames }: Detector, ids: Ids, { first, count }: Rows): boolean {
  if (parallelFrames === undefined || count === 0 || count % parallelFrames !== 0) return false
  const part = count / parallelFrames
  if (!rise(ids, first, first + part)) return false
  const begin = ids[first] ?? 0
  for (let row = first + part; row < first + count; row += part)
    if ((ids[row] ?? 0) > begin && rise(ids, row - 1, row + part)) return false
  return true
}

/** Whether a train's pulse ids rise from its first frame to its last, as they do not in parallel gain. */
export function riseThrough(ids: Ids, { first, count }: Rows): boolean {
  return count > 0 && rise(ids, first, first + count)
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
