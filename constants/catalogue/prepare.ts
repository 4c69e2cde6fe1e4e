import { statSync } from 'node:fs'
import type { Detector } from '../../src/detectors/detector.js'
import { type Content, contentOf } from '../../src/files/content.js'
import { ConstantsError, isDetcalError, UsageError } from '../../src/model/errors.js'
import { twoDigits } from '../../src/model/ids.js'
import { checksumsOf } from '../files/checksums/verification.js'
import { openCheetahFile } from '../files/cheetah.js'
import { describeConstants, type StoredConstant } from '../files/layout.js'
import { checkKind, locateConstant, VERIFY } from '../files/source.js'
import { checkValues } from '../files/values.js'
import { type ResolvedDims, resolveDims } from '../model/axes.js'
import { calibrationOf } from '../model/calibrations.js'
import type { ImportReport, ImportRequest } from './import-request.js'
import type { NewVersion, SqliteCatalogue } from './sqlite-catalogue.js'
import { copied, epochOf, folderOf, moved, pathInStore, type StagedFile, stage } from './store.js'

/** A constant of a file, checked. */
export type CheckedConstant = StoredConstant & Pick<NewVersion, 'dtype'> & ResolvedDims

/** A file that is ready to be entered: checked, and copied into the store under a temporary name. */
export interface PreparedFile {
  readonly file: string
  readonly pdu: string
  readonly beginAt: Date
  readonly constants: readonly CheckedConstant[]
  readonly skipped: ImportReport['skipped']
  /** Its path in the store if it was there before. */
  readonly inside: string | undefined
  readonly staged: StagedFile | undefined
  readonly content: Content
  /** Of the elements of each constant, by `dataset`. */
  readonly checksums: ReadonlyMap<string, Uint8Array>
}

/**
 * Checks one file of a request and copies it into the store; a Cheetah file is written there in CalCat's layout.
 * @throws ConstantsError, DataError naming the file and the option to use; OutputError. Nothing is left in the store then.
 */
export async function prepareFile(
  catalogue: SqliteCatalogue,
  request: ImportRequest,
  file: string,
): Promise<PreparedFile> {
  const { detector } = request
  const { move } = request
  const cheetah = move ? undefined : await openCheetahFile(file)
  if (cheetah && (request.dims ?? request.dimsOf))
    throw new UsageError(
      "the order of axes in Cheetah's files is known: (gain, cell, slow scan, fast scan)",
      {
        place: { file },
        hint: 'Leave --dims out',
      },
    )
  const stored = move?.constants ?? cheetah?.constants ?? (await describeConstants(file))
  const beginAt = beginOf(request, stored, file)
  const pdu = pduOf(catalogue, request, stored, beginAt, file)
  const mine = stored.filter(constant => constant.pdu === undefined || constant.pdu === pdu)
  const folder = folderOf(detector.type, pdu)
  const { constants: checked, skipped } = check(request, mine, file)
  const constants = cheetah
    ? checked.map(constant => ({ ...constant, dataset: `/${pdu}${constant.dataset}` }))
    : checked

  // Before it is copied: references are resolved from its own folder, and messages name it.
  if (!cheetah)
    for (const constant of constants)
      await locateConstant(detector, { ...constant, path: file, size: statSync(file).size }, request.module)

  const inside = cheetah ? undefined : await pathInStore(catalogue.root, file)
  const put = cheetah ? (to: string) => cheetah.write(to, pdu, beginAt) : (move ? moved : copied)(file)
  const incoming = { file, beginAt, put, ...(move && { content: move.content }) }
  const staged = inside === undefined ? await stage(catalogue.root, folder, incoming) : undefined
  const content = staged?.content ?? (await contentOf(file))
  // A correction must be able to read every value. Making the checksums reads numbers; masks must be valid masks, too.
  const checksums = new Map<string, Uint8Array>()
  try {
    for (const constant of constants) {
      const version = { ...constant, path: staged?.path ?? file, size: content.size }
      const source = await locateConstant(detector, version, request.module)
      if (!move && source.calibration.kind === 'bits') await checkValues(detector, source)
      const made = move?.checksums.get(constant.dataset)
      checksums.set(constant.dataset, made ?? (await checksumsOf(source)))
    }
  } catch (error) {
    staged?.discard()
    throw ofOriginal(error, file)
  }
  return { file, pdu, beginAt, constants, skipped, inside, staged, content, checksums }
}

/** What is wrong with the copy is reported of `file`, which the user knows. */
function ofOriginal(error: unknown, file: string): unknown {
  if (!isDetcalError(error, 'constants')) return error
  const { message, place, hint } = error
  return new ConstantsError(message, {
    place: { ...place, file },
    hint: hint === undefined || hint === VERIFY ? READABLE : hint,
    cause: error,
  })
}

const READABLE = 'Rewrite it so that h5py reads all of it, and import that'

/** From when a file is valid: as stated, else from its name, else as all of its constants state. */
function beginOf({ beginAt }: ImportRequest, stored: readonly StoredConstant[], file: string): Date {
  const said = stored.map(({ statements }) => statements.beginAt?.getTime())
  const [first] = said
  const inside = first !== undefined && said.every(time => time === first) ? new Date(first) : undefined
  const found = beginAt ?? epochOf(file) ?? inside
  if (found) return found
  throw new ConstantsError('neither its name nor an option says from when it is valid', {
    place: { file },
    hint: 'State it with --begin-at 2025-01-29T18:36:06Z, or name the file cal.<epoch>.h5',
  })
}

/** The PDU: as stated, else as the file names it, else as the catalogue knows the module, else `<DETECTOR>_M<NN>`. */
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
  { detector, dims, dimsOf, module }: ImportRequest,
  stored: readonly StoredConstant[],
  file: string,
): Pick<PreparedFile, 'constants' | 'skipped'> {
  const constants: CheckedConstant[] = []
  const skipped: { file: string; dataset: string }[] = []
  for (const constant of stored) {
    const { dataset, shape, dtype } = constant
    const calibration = calibrationOf(detector, constant.calibration)
    if (calibration === undefined) {
      skipped.push({ file, dataset })
      continue
    }
    const place = { file, dataset: `${dataset}/data`, module }
    const stated = dimsOf?.[calibration.name] ?? dims ?? constant.dims
    constants.push({
      ...constant,
      dtype: checkKind(calibration, dtype, place),
      ...resolveDims(detector, calibration, shape, stated, place),
    })
  }
  if (constants.length > 0) return { constants, skipped }
  throw new ConstantsError(`none of its constants is one of ${detector.name}`, {
    place: { file },
    hint: `Its calibrations are ${namesOf(detector)}`,
  })
}

function namesOf({ calibrations }: Detector): string {
  return calibrations.map(({ name }) => name).join(', ')
}
