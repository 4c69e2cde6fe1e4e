import { ConstantsError, UsageError } from '../../src/model/errors.js'
import { calibrationOf } from '../model/calibrations.js'
import { conditionsOf, knownConditions } from '../model/conditions.js'
import type { ConstantVersion } from '../model/version.js'
import { isRemoved } from './changes.js'
import type { ImportReport, ImportRequest } from './import-request.js'
import { type PreparedFile, prepareFile } from './prepare.js'
import type { NewVersion, SqliteCatalogue } from './sqlite-catalogue.js'

export type { ImportReport, ImportRequest }

/**
 * Checks files of constants, copies them into the catalogue's store and enters them: all or none, in one transaction. Existing
 * entries with the same content and statements are left unchanged.
 * @throws ConstantsError, DataError or UsageError naming the file and the option to use; OutputError if it cannot be stored.
 */
export async function importConstants(
  catalogue: SqliteCatalogue,
  request: ImportRequest,
  signal?: AbortSignal,
): Promise<ImportReport> {
  return importAllConstants(catalogue, [request], signal)
}

/**
 * {@link importConstants} of several modules: all of them or none, in one transaction. @throws the reason of `signal` once it is
 * aborted.
 */
export async function importAllConstants(
  catalogue: SqliteCatalogue,
  requests: readonly ImportRequest[],
  signal?: AbortSignal,
): Promise<ImportReport> {
  for (const { detector, module } of requests)
    if (!Number.isInteger(module) || module < 0 || module >= detector.moduleCount)
      throw new UsageError(`${detector.name} has no module ${module}`, {
        hint: `Use 0 to ${detector.moduleCount - 1}`,
      })
  const prepared: { readonly request: ImportRequest; readonly file: PreparedFile }[] = []
  try {
    for (const request of requests)
      for (const file of request.files) {
        signal?.throwIfAborted()
        prepared.push({ request, file: await prepareFile(catalogue, request, file) })
      }
    signal?.throwIfAborted()
    const versions = catalogue.transaction(() =>
      prepared.flatMap(({ request, file }) => enter(catalogue, request, file)),
    )
    for (const { file } of prepared) file.staged?.settle()
    return {
      versions,
      skipped: prepared.flatMap(({ file }) => file.skipped),
      assumed: prepared.flatMap(({ file: { file, constants } }) =>
        constants.filter(({ assumed }) => assumed).map(({ dataset, dims }) => ({ file, dataset, dims })),
      ),
    }
  } catch (error) {
    for (const { file } of prepared) file.staged?.discard()
    throw error
  }
}

/** Enters one file within the transaction. */
function enter(
  catalogue: SqliteCatalogue,
  request: ImportRequest,
  { file, pdu, beginAt, constants, inside, staged, content, checksums }: PreparedFile,
): ImportReport['versions'] {
  const { detector, module } = request
  catalogue.place({ detector: request.detectorName, module, beginAt, pdu })
  const known = constants.map(constant => catalogue.existing(content.sha256, constant.dataset))
  const there = known.find(version => version !== undefined)
  const path = inside ?? there?.file ?? staged?.keep() ?? ''
  // The catalogue has the same bytes under its own name.
  if (there) staged?.discard()

  return constants.map((constant, i) => {
    const { calibration, dataset, shape, dtype, dims, statements } = constant
    const kind = calibrationOf(detector, calibration)
    const conditions = { ...knownConditions(detector, statements.conditions), ...request.conditions }
    const version: NewVersion = {
      calibration,
      detectorType: detector.type,
      pdu,
      file: path,
      dataset,
      beginAt,
      conditions: kind ? conditionsOf(detector, kind, conditions) : {},
      shape,
      dtype,
      dims,
      size: content.size,
      sha256: content.sha256,
      rawData: request.rawData ?? statements.rawData,
    }
    const before = known[i]
    const sums = checksums.get(dataset)
    if (before === undefined) return { version: catalogue.insert(version, sums), isNew: true }
    // An earlier detcal entered it without them.
    if (sums) catalogue.addChecksums(before.id, sums)
    const differing = STATEMENTS.filter(key => JSON.stringify(before[key]) !== JSON.stringify(version[key]))
    const takeBack = isRemoved(catalogue.changes.of(before.id))
    if (takeBack && differing.every(key => key === 'beginAt' || key === 'conditions')) {
      catalogue.changes.restore(before.id, 'entered again')
      if (differing.length > 0) catalogue.changes.amend(before.id, version, 'entered again')
      return { version: { ...before, beginAt, conditions: version.conditions }, isNew: true }
    }
    if (differing.length === 0) return { version: before, isNew: false }
    throw contradiction(before, differing, { request, file, dataset })
  })
}

/** @returns the error of content that is in the catalogue with other statements, which says how to mend either. */
function contradiction(
  before: ConstantVersion,
  differing: readonly (typeof STATEMENTS)[number][],
  { request, file, dataset }: { request: ImportRequest; file: string; dataset: string },
): ConstantsError {
  const { id, path } = before
  const names = { pdu: 'unit', beginAt: 'begin', conditions: 'conditions', dims: 'order of axes' }
  const message = `it is in the catalogue as constant ${id} with other ${differing.map(key => names[key]).join(' and ')}`
  const amendable = differing.every(key => key === 'beginAt' || key === 'conditions')
  return new ConstantsError(message, {
    // A file that was to be moved in is the command's own, and gone when this is read.
    place: { file: request.move ? path : file, dataset },
    hint: `Compare with detcal constants show ${id}${amendable ? `; if that one is wrong, use detcal constants amend ${id}` : ''}`,
  })
}

/** What an import states about a file; files with the same checksum have the same content. */
const STATEMENTS = ['pdu', 'beginAt', 'conditions', 'dims'] as const
