import type { ModuleConstants } from '../../../constants/catalogue/catalogue.js'
import { calibrationOf } from '../../../constants/model/calibrations.js'
import { type Conditions, calcatConditions, conditionText } from '../../../constants/model/conditions.js'
import type { Detector } from '../../detectors/detector.js'
import type { Problem } from '../../model/problem.js'
import type { ConditionSource } from '../../sources/conditions/reader.js'

/** One operating condition of a run. It has no value where it is unknown, or where its source only says that it is the usual one. */
export interface ToldCondition {
  readonly value?: number | string
  readonly source: ConditionSource | 'unknown'
}

/** By CalCat's names, in the detector's order. */
export type ToldConditions = Readonly<Record<string, ToldCondition>>

/**
 * Every operating condition that a run of the detector can have, with its source.
 * @param sources the source of each of `values`; a value without a source is assumed.
 */
export function toldConditions(
  detector: Detector,
  values: Conditions,
  sources: Readonly<Record<string, ConditionSource>>,
): ToldConditions {
  const told = detector.parameters
    .filter(({ ofDetector }) => ofDetector !== true)
    .map(({ name }): [string, ToldCondition] => {
      const value = values[name]
      const source = sources[name] ?? (value === undefined ? 'unknown' : 'assumed')
      return [name, { ...(value !== undefined && { value }), source }]
    })
  return Object.fromEntries(told)
}

/** The sources of conditions once some are stated. */
export function withStated(
  sources: Readonly<Record<string, ConditionSource>>,
  stated: Conditions,
): Readonly<Record<string, ConditionSource>> {
  return { ...sources, ...Object.fromEntries(Object.keys(stated).map(name => [name, 'option' as const])) }
}

/**
 * Warnings about those that `calibrations` depend on: the unknown ones together, each assumed one.
 * @param consequence of not knowing a condition.
 */
export function conditionProblems(
  detector: Detector,
  told: ToldConditions,
  calibrations: readonly string[],
  consequence = 'so that constants of any will do',
): Problem[] {
  const groups = new Set(calibrations.map(name => calibrationOf(detector, name)?.conditions))
  const relevant = detector.parameters.filter(parameter => parameter.groups.some(group => groups.has(group)))
  const namesOf = (source: ToldCondition['source']) =>
    relevant.filter(({ name }) => told[name]?.source === source).map(({ name }) => name)
  const warning = (message: string): Problem => ({
    check: 'conditions_known',
    severity: 'warning',
    message,
    place: {},
  })
  const unknown = namesOf('unknown')
  return [
    ...namesOf('assumed').map(name =>
      warning(
        `${name} ${conditionText(name, told[name]?.value ?? '')} is assumed: neither control data nor frames tell it. State --condition "${name}=VALUE" to be sure`,
      ),
    ),
    ...(unknown.length > 0
      ? [warning(`unknown, ${consequence}: ${unknown.join(', ')}. State them with --condition "NAME=VALUE"`)]
      : []),
  ]
}

/**
 * A warning about conditions that the run tells and its constants do not: they match whatever it is. Conditions at the value
 * that is never stated are not meant.
 * @param used names of the calibrations in use.
 */
export function unstatedProblems(
  detector: Detector,
  conditions: Conditions,
  constants: Iterable<ModuleConstants>,
  used: readonly string[],
): Problem[] {
  const unstated = new Map<string, Set<string>>()
  const fixed = new Set(detector.parameters.filter(({ ofDetector }) => ofDetector).map(({ name }) => name))
  for (const { constants: versions } of constants)
    for (const [name, version] of versions) {
      const calibration = used.includes(name) ? calibrationOf(detector, name) : undefined
      if (calibration === undefined) continue
      for (const condition of Object.keys(calcatConditions(detector, calibration, conditions)))
        if (!(condition in version.conditions) && !fixed.has(condition))
          unstated.set(condition, (unstated.get(condition) ?? new Set()).add(name))
    }
  const together = new Map<string, string[]>()
  for (const [condition, names] of unstated) {
    const key = [...names].join(', ')
    together.set(key, [
      ...(together.get(key) ?? []),
      `${condition} (the run: ${conditionText(condition, conditions[condition] ?? '')})`,
    ])
  }
  return [...together].map(([names, missing]) => ({
    check: 'conditions_stated',
    severity: 'warning',
    message: `${names} in use do not state ${missing.join(', ')}, so that they match whatever it was. State it with detcal constants amend`,
    place: {},
  }))
}

/** `Memory cells 352, Gain mode 0 (assumed), Gain setting unknown`. */
export function conditionsText(values: Conditions, told: ToldConditions): string {
  const known = Object.entries(values).map(
    ([name, value]) =>
      `${name} ${conditionText(name, value)}${told[name]?.source === 'assumed' ? ' (assumed)' : ''}`,
  )
  const unknown = Object.entries(told).flatMap(([name, { source }]) =>
    source === 'unknown' ? [`${name} unknown`] : [],
  )
  return [...known, ...unknown].join(', ')
}
