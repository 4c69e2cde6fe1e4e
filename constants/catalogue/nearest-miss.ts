import { type Conditions, conditionsMatch, conditionText } from '../model/conditions.js'
import type { ConstantVersion } from '../model/version.js'
import { type Strategy, selectVersion } from './select.js'

/**
 * Why none of `versions` is for a run: its conditions, and those of the version that differs in the fewest of them, among
 * equals the one that the strategy takes, else the closest in time. Undefined without versions.
 */
export function nearestMiss(
  versions: readonly ConstantVersion[],
  wanted: Conditions,
  at: Date,
  strategy: Strategy,
): string | undefined {
  const differing = (version: ConstantVersion) =>
    Object.keys(wanted).filter(name => !conditionsMatch({ [name]: wanted[name] ?? '' }, version.conditions))
  const fewest = Math.min(...versions.map(version => differing(version).length))
  const near = versions.filter(version => differing(version).length === fewest)
  const nearest = selectVersion(near, at, strategy) ?? selectVersion(near, at, 'closest')
  if (nearest === undefined) return undefined
  const { id, calibration, beginAt, conditions } = nearest
  const its = differing(nearest).map(name => `${name} ${conditionText(name, conditions[name] ?? '')}`)
  const why =
    its.length > 0 ? `is for ${its.join(', ')}` : 'began after the run, so --strategy prior does not take it'
  const asked = Object.entries(wanted).map(([name, value]) => `${name} ${conditionText(name, value)}`)
  return `The run has ${asked.join(', ')}; the nearest ${calibration}, constant ${id} of ${beginAt.toISOString()}, ${why}`
}
