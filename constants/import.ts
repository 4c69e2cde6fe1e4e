import type { Detector } from '../src/detectors/detector.js'
import { ConstantsError, DataError, UsageError } from '../src/model/errors.js'
import { twoDigits } from '../src/model/ids.js'
import { resolveDims } from './axes.js'
import { calibrationOf } from './calibrations.js'
import type { ConstantVersion } from './catalogue.js'
import { type Conditions, conditionsOf } from './conditions.js'
import { describeConstants, type StoredConstant } from './file.js'
import { checkKind, locateConstant } from './source.js'
import type { NewVersion, SqliteCatalogue } from './sqlite-catalogue.js'
import { contentOf, epochOf, folderOf, isFile, pathInStore, type StagedFile, stage } from './store.js'

/** Files of one module's constants that enter a catalogue together. */
export interface ImportRequest {
  readonly files: readonly string[]
  readonly detector: Detector
  /** Karabo name of the instance, `SPB_DET_AGIPD1M-1`, or the detector's id for any instance. */
  readonly detectorName: string
  readonly module: number
  /** Which unit of those in the files, or the unit's name where the files name none. */
  readonly pdu?: string
  /** From when they are valid; absent: each file's `cal.<epoch>.h5`. */
  readonly beginAt?: Date
  readonly conditions?: Conditions
  /** Order of axes, slowest first, for all constants of the files; it wins over their `dims`. */
  readonly dims?: readonly string[]
  readonly rawData?: string
  /** The files become the catalogue's own: moved, not copied, and gone where the catalogue has their content already. */
  readonly move?: true
}

export interface ImportReport {
  /** In order of files; `isNew` is false for those that the catalogue had already. */
  readonly versions: readonly { readonly version: ConstantVersion; readonly isNew: boolean }[]
  /** Datasets left out because the detector has no such calibration. */
  readonly skipped: readonly { readonly file: string; readonly dataset: string }[]
}

/**
 * Checks files of constants, copies them into the catalogue's store and enters them: all or none, in one transaction.
 * What is there already with the same content and statements is left as it is.
 * @throws ConstantsError, DataError or UsageError naming the file and what to state; OutputError if it cannot be stored.
 */
export async function importConstants(
  catalogue: SqliteCatalogue,
  request: ImportRequest,
): Promise<ImportReport> {
  return importAllConstants(catalogue, [request])
}

/** {@link importConstants} of several modules: all of them or none, in one transaction. */
export async function importAllConstants(
  catalogue: SqliteCatalogue,
  requests: readonly ImportRequest[],
): Promise<ImportReport> {
  for (const { detector, module } of requests)
    if (!Number.isInteger(module) || module < 0 || module >= detector.moduleCount)
      throw new UsageError(`${detector.name} has no module ${module}`, {
        hint: `Use 0 to ${detector.moduleCount - 1}`,
      })
  const prepared: { readonly request: ImportRequest; readonly file: PreparedFile }[] = []
  try {
    for (const request of requests)
      for (const file of request.files)
        prepared.push({ request, file: await prepare(catalogue, request, file) })
    const versions = catalogue.transaction(() =>
      prepared.flatMap(({ request, file }) => enter(catalogue, request, file)),
    )
    return { versions, skipped: prepared.flatMap(({ file }) => file.skipped) }
  } catch (error) {
    for (const { file } of prepared) file.staged?.discard()
    throw error
  }
}

interface PreparedFile {
  readonly file: string
  readonly pdu: string
  readonly beginAt: Date
  readonly constants: readonly (StoredConstant & Pick<NewVersion, 'dims' | 'dtype'>)[]
  readonly skipped: ImportReport['skipped']
  /** Its path in the store if it lay there before. */
  readonly inside: string | undefined
  readonly staged: StagedFile | undefined
  readonly content: { readonly size: number; readonly sha256: string }
}

async function prepare(
  catalogue: SqliteCatalogue,
  request: ImportRequest,
  file: string,
): Promise<PreparedFile> {
  if (!isFile(file))
    throw new DataError('there is no such file', { place: { file }, hint: 'Name files of constants' })
  const beginAt = request.beginAt ?? epochOf(file)
  if (beginAt === undefined)
    throw new ConstantsError('neither its name nor an option says from when it is valid', {
      place: { file },
      hint: 'State it with --begin-at 2025-01-29T18:36:06Z, or name the file cal.<epoch>.h5',
    })
  const stored = await describeConstants(file)
  const pdu = pduOf(catalogue, request, stored, beginAt, file)
  const mine = stored.filter(constant => constant.pdu === undefined || constant.pdu === pdu)
  const folder = folderOf(request.detector.type, pdu)
  const { constants, skipped } = check(request, mine, file)

  const inside = await pathInStore(catalogue.root, file)
  const how = request.move ? 'move' : 'copy'
  const staged = inside === undefined ? await stage(catalogue.root, folder, file, beginAt, how) : undefined
  const content = staged?.content ?? (await contentOf(file))
  // Elements must be where the file says, or the next run would find out.
  for (const constant of constants)
    await locateConstant(
      request.detector,
      { ...constant, path: staged?.path ?? file, size: content.size },
      request.module,
    ).catch((error: unknown) => {
      staged?.discard()
      throw error
    })
  return { file, pdu, beginAt, constants, skipped, inside, staged, content }
}

/** The unit: as stated, as the file names it, as the catalogue knows the module, or `<DETECTOR>_M<NN>`. */
function pduOf(
  catalogue: SqliteCatalogue,
  { pdu, detectorName, module }: ImportRequest,
  stored: readonly StoredConstant[],
  beginAt: Date,
  file: string,
): string {
  const named = [...new Set(stored.map(constant => constant.pdu).filter(name => name !== undefined))]
  if (pdu !== undefined && (named.length === 0 || named.includes(pdu))) return pdu
  const [only] = named
  if (pdu === undefined && only !== undefined && named.length === 1) return only
  if (named.length > 0)
    throw new ConstantsError(
      pdu === undefined
        ? `it has constants of ${named.join(', ')}`
        : `it has constants of ${named.join(', ')}, not of ${pdu}`,
      { place: { file }, hint: 'State with --pdu which of them the module is' },
    )
  return (
    catalogue.pduAt(detectorName, module, beginAt) ?? `${detectorName.toUpperCase()}_M${twoDigits(module)}`
  )
}

function check(
  { detector, dims, module }: ImportRequest,
  stored: readonly StoredConstant[],
  file: string,
): Pick<PreparedFile, 'constants' | 'skipped'> {
  const constants: (StoredConstant & Pick<NewVersion, 'dims' | 'dtype'>)[] = []
  const skipped: { file: string; dataset: string }[] = []
  for (const constant of stored) {
    const { dataset, shape, dtype } = constant
    const calibration = calibrationOf(detector, constant.calibration)
    if (calibration === undefined) {
      skipped.push({ file, dataset })
      continue
    }
    const place = { file, dataset: `${dataset}/data`, module }
    constants.push({
      ...constant,
      dtype: checkKind(calibration, dtype, place),
      ...resolveDims(detector, calibration, shape, dims ?? constant.dims, place),
    })
  }
  if (constants.length > 0) return { constants, skipped }
  const names = detector.calibrations.map(({ name }) => name)
  throw new ConstantsError(`none of its constants is one of ${detector.name}`, {
    place: { file },
    hint: `Its calibrations are ${names.join(', ')}`,
  })
}

/** Enters one file within the transaction. */
function enter(
  catalogue: SqliteCatalogue,
  request: ImportRequest,
  { file, pdu, beginAt, constants, inside, staged, content }: PreparedFile,
): ImportReport['versions'] {
  const { detector, module, conditions = {}, rawData } = request
  catalogue.place({ detector: request.detectorName, module, beginAt, pdu })
  const known = constants.map(constant => catalogue.existing(content.sha256, constant.dataset))
  const there = known.find(version => version !== undefined)
  const path = inside ?? there?.file ?? staged?.keep() ?? ''
  // The catalogue has the same bytes under its own name.
  if (there) staged?.discard()

  return constants.map((constant, i) => {
    const { calibration, dataset, shape, dtype, dims } = constant
    const kind = calibrationOf(detector, calibration)
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
      rawData,
    }
    const before = known[i]
    if (before === undefined) return { version: catalogue.insert(version), isNew: true }
    const differing = STATEMENTS.filter(key => JSON.stringify(before[key]) !== JSON.stringify(version[key]))
    if (differing.length === 0) return { version: before, isNew: false }
    throw new ConstantsError(
      `it is in the catalogue as constant ${before.id} with other ${differing.join(', ')}`,
      {
        place: { file, dataset },
        hint: `Compare with detcal constants show ${before.id}`,
      },
    )
  })
}

/** What an import states about a file; its content is the same where its checksum is. */
const STATEMENTS = ['pdu', 'beginAt', 'conditions', 'dims'] as const
