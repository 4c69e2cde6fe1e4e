/** `closest`: the nearest validity begin on either side (tie: the earlier); `prior`: the latest not after the run. */
export type Strategy = 'closest' | 'prior'

/**
 * The version that a run at `at` (ms since 1970 UTC) uses, among versions whose conditions match. Of versions that
 * began at the same time the one of highest `id` wins: it was entered last, to replace the other.
 */
export function selectVersion<V extends { readonly beginAt: Date; readonly id: number }>(
  versions: readonly V[],
  at: Date,
  strategy: Strategy,
): V | undefined {
  let best: V | undefined
  for (const version of versions) {
    if (strategy === 'prior' && version.beginAt > at) continue
    if (best === undefined || compare(version, best, at) < 0) best = version
  }
  return best
}

function compare(
  a: { readonly beginAt: Date; readonly id: number },
  b: { readonly beginAt: Date; readonly id: number },
  at: Date,
): number {
  const time = at.getTime()
  const [beginA, beginB] = [a.beginAt.getTime(), b.beginAt.getTime()]
  return Math.abs(beginA - time) - Math.abs(beginB - time) || beginA - beginB || b.id - a.id
}
