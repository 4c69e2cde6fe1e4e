import type { NewFile } from '../../src/hdf5/create/new-file.js'
import type { Hdf5Dataset, Hdf5File } from '../../src/hdf5/index.js'
import { given } from '../../src/model/given.js'

/** Where a unit was, as a file may say: `SPB_DET_AGIPD1M-1`, module 3. */
export interface StatedPlace {
  /** Karabo name of the instance, or the detector's id. */
  readonly detector: string
  readonly module: number
}

/** What a file says of one of its constants besides the numbers; nothing of it need be there. */
export interface Statements {
  /** From when it is valid. */
  readonly beginAt?: Date
  /** By the names that the file gives them, which need be none of the detector's. */
  readonly conditions: Readonly<Record<string, number | string>>
  readonly rawData?: string
  /** Who made it: `detcal 0.1.0+3f2a9c04d71e5b86`. */
  readonly software?: string
  /** Where the unit was at that time. */
  readonly places: readonly StatedPlace[]
}

/** Operating conditions that one constant can have: far more than any detector's. */
const MOST_CONDITIONS = 64
/** Characters of one statement: an LPD's memory cell order takes two thousand. */
const LONGEST_TEXT = 65_536

/**
 * Writes `statements` where they are looked for: conditions as `operating_condition/<name>` below the constant's group,
 * CalCat's name being the attribute `database_name` (as recalled of the files that pycalibration writes), the time as
 * its attribute `begin_at` (ISO 8601, UTC), the raw data as `raw_data_location`, who made it as `detcal_software`; the places as `placements` of the unit's
 * group, `SPB_DET_AGIPD1M-1/3` each. Readers of constants pass over all of it.
 */
export function writeStatements(file: NewFile, unit: string, constant: string, statements: Statements): void {
  const { beginAt, conditions, rawData, software, places } = statements
  if (beginAt !== undefined) file.attributes(constant, { begin_at: beginAt.toISOString() })
  if (rawData !== undefined) file.attributes(constant, { raw_data_location: rawData })
  if (software !== undefined) file.attributes(constant, { detcal_software: software })
  if (places.length > 0 && !file.hasAttribute(unit, 'placements'))
    file.attributes(unit, { placements: places.map(({ detector, module }) => `${detector}/${module}`) })
  if (Object.keys(conditions).length === 0) return
  const group = `${constant}/operating_condition`
  file.group(group)
  Object.entries(conditions).forEach(([name, value], i) => {
    const path = `${group}/${name.toLowerCase().replace(/\W+/g, '_') || `condition_${i}`}`
    file.scalar(path, value)
    file.attributes(path, { database_name: name })
  })
}

/**
 * What the group `constant` states, and `unit`, the group of its unit, if it has one; whatever is not as
 * {@link writeStatements} leaves it is passed over.
 */
export function readStatements(file: Hdf5File, unit: string | undefined, constant: string): Statements {
  const textAt = (name: string) => textOf(file.attribute(constant, name))
  const beginAt = new Date(textAt('begin_at') ?? Number.NaN)
  const rawData = textAt('raw_data_location')
  const software = textAt('detcal_software')
  const places = unit && file.attribute(unit, 'placements')
  return {
    conditions: conditionsIn(file, `${constant}/operating_condition`),
    places: Array.isArray(places) ? places.flatMap(placeOf) : [],
    ...(Number.isNaN(beginAt.getTime()) ? {} : { beginAt }),
    ...given({ rawData, software }),
  }
}

function conditionsIn(file: Hdf5File, group: string): Record<string, number | string> {
  const conditions: Record<string, number | string> = {}
  for (const key of (file.names(group) ?? []).slice(0, MOST_CONDITIONS)) {
    const dataset = file.dataset(`${group}/${key}`)
    const name = textOf(dataset && file.attribute(dataset.path, 'database_name'))
    const value = dataset && scalarOf(dataset)
    if (name !== undefined && value !== undefined) conditions[name] = value
  }
  return conditions
}

/** The one number or text that a dataset is. */
function scalarOf(dataset: Hdf5Dataset): number | string | undefined {
  const { shape, length, type } = dataset
  if (shape.length > 0 || length !== 1 || type.bytes > LONGEST_TEXT) return undefined
  if (type.kind === 'text') return textOf(dataset.strings()[0])
  if (type.kind !== 'integers' && type.kind !== 'floats') return undefined
  const [value] = dataset.read([], [])
  return typeof value === 'number' ? value : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= LONGEST_TEXT ? value : undefined
}

function placeOf(text: unknown): StatedPlace[] {
  const [, detector, module] = /^([\w.+-]{1,128})\/(\d{1,3})$/.exec(String(text)) ?? []
  return detector === undefined ? [] : [{ detector, module: Number(module) }]
}
