import type { Problem } from '../../model/problem.js'
import { sameValue } from '../../model/same-value.js'
import type { ControlData } from './control-data.js'
import type { ConditionSource, RunConditions } from './reader.js'

/** The largest value; 0 of none. */
export function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}

/** The median; of an even number of values the lower middle one, so that it is one that occurred. */
export function lowerMedian(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

/** The value that all trains share, jitter aside. If they do not, a warning goes to `problems`, and `use` chooses one. */
export function steadyValue(
  device: string,
  property: string,
  values: readonly number[],
  problems: Problem[],
  use: (values: readonly number[]) => number | undefined = lowerMedian,
): number | undefined {
  const value = use(values)
  const others = values.filter(other => value === undefined || !sameValue(other, value))
  if (others.length > 0) {
    const spread = [...values].sort((a, b) => a - b)
    const message = `${property} changes during the run, from ${spread[0]} to ${spread.at(-1)}: ${value} is used`
    problems.push({ check: 'conditions_steady', severity: 'warning', message, place: { dataset: device } })
  }
  return value
}

/** The value at the start of the run, else that of its trains; if these differ, a warning goes to `problems`. */
export function valueAtStart(
  control: ControlData,
  device: string,
  property: string,
  problems: Problem[],
): number | undefined {
  const [start] = control.atStart(device, property)
  const during = control.values(device, property)
  return steadyValue(device, property, during, problems, start === undefined ? undefined : () => start)
}

type Value = number | string | undefined

/** The conditions that are known, each with its source: of several sources that have a value, the first. */
export function knownOf(
  conditions: Readonly<Record<string, Partial<Record<ConditionSource, Value>>>>,
): Pick<RunConditions, 'values' | 'sources'> {
  const values: Record<string, number | string> = {}
  const sources: Record<string, ConditionSource> = {}
  for (const [name, told] of Object.entries(conditions)) {
    const known = Object.entries(told).find(([, value]) => value !== undefined)
    if (known?.[1] === undefined) continue
    values[name] = known[1]
    sources[name] = known[0] as ConditionSource
  }
  return { values, sources }
}
