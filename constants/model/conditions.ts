import type { Parameter } from '../../src/detectors/calibration.js'
import type { Detector } from '../../src/detectors/detector.js'
import { UsageError } from '../../src/model/errors.js'
import type { Calibration } from './calibrations.js'

/** Operating conditions by CalCat's parameter names. A parameter that is absent is unknown. */
export type Conditions = Readonly<Record<string, number | string>>

/** What CalCat's numbers are in, by parameter in lower case: CalCat itself does not say. */
const UNITS: Readonly<Record<string, string>> = {
  'sensor bias voltage': 'V',
  'acquisition rate': 'MHz',
  'source energy': 'keV',
  'feedback capacitor': 'pF',
}

/** A condition's value for people: `300 V`; 1.1 rather than 1.1000000000000003. */
export function conditionText(name: string, value: number | string): string {
  if (typeof value !== 'number') return value
  const unit = UNITS[name.toLowerCase()]
  const number = String(Number(value.toPrecision(12)))
  return unit === undefined ? number : `${number} ${unit}`
}

/** Names of all parameters a detector's constants may depend on. */
export function parameterNames(detector: Detector): string[] {
  return detector.parameters.map(parameter => parameter.name)
}

/**
 * Conditions from `name → value`, names in any case made CalCat's own, values that look like numbers made numbers, also with
 * the unit that {@link conditionText} gives them.
 * @throws UsageError for a name the detector does not know: it would match everything.
 */
export function parseConditions(
  detector: Detector,
  pairs: Readonly<Record<string, string | number>>,
): Conditions {
  const conditions: Record<string, number | string> = {}
  for (const [given, stated] of Object.entries(pairs)) {
    const value = String(stated)
    const name = parameterNamed(detector, given)
    if (name === undefined)
      throw new UsageError(`${detector.name} has no operating condition ${JSON.stringify(given)}`, {
        hint: `Use one of ${parameterNames(detector).join(', ')}`,
      })
    const text = value.trim()
    const unit = UNITS[name.toLowerCase()]
    const bare = unit !== undefined && text.endsWith(unit) ? text.slice(0, -unit.length).trim() : text
    const number = bare === '' ? Number.NaN : Number(bare)
    conditions[name] = Number.isFinite(number) ? number : text
  }
  return conditions
}

/** Those of `conditions` whose names the detector knows, in any case, under CalCat's own. */
export function knownConditions(
  detector: Detector,
  conditions: Readonly<Record<string, number | string>>,
): Conditions {
  return Object.fromEntries(
    Object.entries(conditions).flatMap(([given, value]) => {
      const name = parameterNamed(detector, given)
      return name === undefined ? [] : [[name, value]]
    }),
  )
}

function parameterNamed(detector: Detector, given: string): string | undefined {
  return parameterNames(detector).find(known => known.toLowerCase() === given.trim().toLowerCase())
}

/** Those of `conditions` that constants of `calibration` depend on. */
export function conditionsOf(
  detector: Detector,
  calibration: Calibration,
  conditions: Conditions,
): Conditions {
  return pick(conditions, parameter => parameter.groups.includes(calibration.conditions), detector)
}

/** What CalCat is asked with: {@link conditionsOf} without the parameters that are at the value CalCat leaves out. */
export function calcatConditions(
  detector: Detector,
  calibration: Calibration,
  conditions: Conditions,
): Conditions {
  return pick(
    conditionsOf(detector, calibration, conditions),
    ({ name, omittedAt }) => omittedAt === undefined || conditions[name] !== omittedAt,
    detector,
  )
}

function pick(
  conditions: Conditions,
  wanted: (parameter: Parameter) => boolean,
  detector: Detector,
): Conditions {
  const picked: Record<string, number | string> = {}
  for (const parameter of detector.parameters) {
    const value = conditions[parameter.name]
    if (value !== undefined && wanted(parameter)) picked[parameter.name] = value
  }
  return picked
}

/** Whether every condition known on both sides is equal, numbers to 1e-6 relative. */
export function conditionsMatch(a: Conditions, b: Conditions): boolean {
  return Object.entries(a).every(([name, value]) => {
    const other = b[name]
    return other === undefined || equal(value, other)
  })
}

function equal(a: number | string, b: number | string): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return a === b || Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b))
  return String(a) === String(b)
}

/**
 * The "Memory cells" condition of a run that uses `cells` cells: the next of the numbers that constants are
 * taken for; above all of them, `cells` itself.
 */
export function memoryCells(detector: Detector, cells: number): number {
  return detector.cellOptions.find(option => option >= cells) ?? cells
}
