import type { Detector } from '../../src/detectors/detector.js'
import { ConstantsError } from '../../src/model/errors.js'
import { grouped } from '../../src/model/grouped.js'
import { calibrationOf } from '../model/calibrations.js'
import { type Conditions, conditionsMatch, conditionsOf, knownConditions } from '../model/conditions.js'
import type { ConstantVersion } from '../model/version.js'
import { type Strategy, selectVersion } from './select.js'
import type { ListFilter, SqliteCatalogue } from './sqlite-catalogue.js'

/** Which versions of a catalogue are meant; omitted properties match everything. */
export interface VersionQuery extends ListFilter {
  /** Versions that a run with these conditions could use. */
  readonly conditions?: Conditions
  /** For each PDU in place at that time, and each calibration, only the version that a run at that time uses. */
  readonly at?: Date
  /** Used with {@link at}; default `closest`. */
  readonly strategy?: Strategy
}

/** The versions selected, in order of id. @throws ConstantsError if the catalogue cannot be read. */
export function selectConstants(
  catalogue: SqliteCatalogue,
  detectors: readonly Detector[],
  { conditions = {}, at, strategy = 'closest', ...filter }: VersionQuery,
): ConstantVersion[] {
  const matching = catalogue.list(filter).filter(version => {
    const detector = detectors.find(({ type }) => type === version.detectorType)
    const calibration = detector && calibrationOf(detector, version.calibration)
    if (detector === undefined || calibration === undefined) return Object.keys(conditions).length === 0
    const wanted = conditionsOf(detector, calibration, knownConditions(detector, conditions))
    return conditionsMatch(wanted, version.conditions)
  })
  if (at === undefined) return matching
  const inPlace = filter.pdu === undefined ? unitsAt(catalogue, filter, at) : new Set([filter.pdu])
  const groups = grouped(
    matching.filter(({ pdu }) => inPlace.has(pdu)),
    ({ detectorType, pdu, calibration }) => JSON.stringify([detectorType, pdu, calibration]),
  )
  return [...groups.values()]
    .flatMap(versions => selectVersion(versions, at, strategy) ?? [])
    .sort((a, b) => a.id - b.id)
}

/** {@link selectConstants}, of which there must be some. @throws ConstantsError if nothing is selected. */
export function selectSome(
  catalogue: SqliteCatalogue,
  detectors: readonly Detector[],
  selection: VersionQuery,
): ConstantVersion[] {
  const versions = selectConstants(catalogue, detectors, selection)
  if (versions.length > 0) return versions
  const { id } = selection
  throw new ConstantsError(
    id === undefined ? 'no constant matches the selection' : `there is no constant ${id}`,
    {
      place: { file: catalogue.root },
      hint: 'List those there are with detcal constants list',
    },
  )
}

/** The PDUs that served as the selected modules at a time. */
function unitsAt(catalogue: SqliteCatalogue, { detector, modules }: ListFilter, at: Date): Set<string> {
  const places = catalogue
    .placements()
    .filter(
      place =>
        (detector === undefined || place.detector === detector) &&
        (modules === undefined || modules.includes(place.module)),
    )
  return new Set(places.flatMap(place => catalogue.pduAt(place.detector, place.module, at) ?? []))
}
