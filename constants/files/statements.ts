import type { NewFile } from '../../src/hdf5/create/new-file.js'
import { type Attribute, type Dataset, type Entity, type Group, ifAny } from '../../src/hdf5/library.js'

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

/** What `constant`, a group of `unit`'s, states; whatever is not as {@link writeStatements} leaves it is passed over. */
export function readStatements(unit: Group | undefined, constant: Group): Statements {
  const beginAt = new Date(textOf(constant.attrs['begin_at']) ?? Number.NaN)
  const rawData = textOf(constant.attrs['raw_data_location'])
  const software = textOf(constant.attrs['detcal_software'])
  const places = unit?.attrs['placements']?.value
  return {
    conditions: conditionsIn(constant),
    places: Array.isArray(places) ? places.flatMap(placeOf) : [],
    ...(Number.isNaN(beginAt.getTime()) ? {} : { beginAt }),
    ...(rawData === undefined ? {} : { rawData }),
    ...(software === undefined ? {} : { software }),
  }
}

function conditionsIn(constant: Group): Record<string, number | string> {
  const conditions: Record<string, number | string> = {}
  if (!constant.keys().includes('operating_condition')) return conditions
  const group = constant.get('operating_condition')
  if (group === null || !('keys' in group)) return conditions
  for (const key of group.keys().slice(0, MOST_CONDITIONS)) {
    const dataset = scalarOf(ifAny(() => group.get(key)) ?? null)
    const name = textOf(dataset?.attrs['database_name'])
    const value = dataset && ifAny(() => dataset.value)
    if (name === undefined) continue
    if (typeof value === 'number' || (typeof value === 'string' && value.length <= LONGEST_TEXT))
      conditions[name] = value
  }
  return conditions
}

function scalarOf(entity: Entity | null): Dataset | undefined {
  if (entity === null || !('slice' in entity)) return undefined
  const { total_size: count, size } = entity.metadata
  return count === 1 && size <= LONGEST_TEXT ? entity : undefined
}

function textOf(attribute: Attribute | undefined): string | undefined {
  const value = attribute?.value
  return typeof value === 'string' && value.length <= LONGEST_TEXT ? value : undefined
}

function placeOf(text: unknown): StatedPlace[] {
  const [, detector, module] = /^([\w.+-]{1,128})\/(\d{1,3})$/.exec(String(text)) ?? []
  return detector === undefined ? [] : [{ detector, module: Number(module) }]
}
