import type { Problem } from '../../model/problem.js'

/** The largest value; 0 of none. */
export function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}

/** The lower middle value, so that it is one that occurred. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

/** The value all trains share; a warning to `problems` if they do not, and their median then. */
export function steadyValue(
  device: string,
  property: string,
  values: readonly number[],
  problems: Problem[],
): number | undefined {
  const value = median(values)
  if (values.some(other => other !== value)) {
    const message = `${property} changes during the run; its median ${value} is used`
    problems.push({ check: 'conditions_steady', severity: 'warning', message, place: { dataset: device } })
  }
  return value
}

/** Those conditions that are known. */
export function knownOf(
  conditions: Readonly<Record<string, number | string | undefined>>,
): Record<string, number | string> {
  const known = Object.entries(conditions).filter(
    (entry): entry is [string, number | string] => entry[1] !== undefined,
  )
  return Object.fromEntries(known)
}
