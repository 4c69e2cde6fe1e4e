import { existsSync, realpathSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import type { Detector } from '../../src/detectors/detector.js'
import { contentOf } from '../../src/files/content.js'
import type { SlabReader } from '../../src/hdf5/index.js'
import { DTYPE_BYTES, viewAs } from '../../src/model/dtypes.js'
import { ConstantsError, UsageError } from '../../src/model/errors.js'
import { given } from '../../src/model/given.js'
import { makerOf } from '../files/layout.js'
import { locateConstant, openSlabs } from '../files/source.js'
import type { StatedPlace } from '../files/statements.js'
import { type ConstantArray, writeConstants } from '../files/write.js'
import { calibrationOf } from '../model/calibrations.js'
import type { ConstantVersion } from '../model/version.js'
import { publishFiles } from './publish.js'
import type { Placement, SqliteCatalogue } from './sqlite-catalogue.js'
import { epochText, folderOf, isFile } from './store.js'

/** What to export, and into which folder. */
export interface ExportRequest {
  readonly versions: readonly ConstantVersion[]
  /** The tree `xfel/cal/<type>/<pdu>/cal.<epoch>.h5` is made in it. */
  readonly out: string
  /** Replaces existing files with other content; otherwise these are an error. */
  readonly overwrite: boolean
  /** Stops the export: no file appears then. */
  readonly signal?: AbortSignal
}

/** A file that was exported. */
export interface ExportedFile {
  /** Relative to the folder, with forward slashes. */
  readonly file: string
  readonly versions: readonly ConstantVersion[]
  /** Where its PDUs were when they were measured. */
  readonly places: readonly StatedPlace[]
  /** False: it existed, byte for byte the same. */
  readonly isNew: boolean
}

interface PlannedFile {
  readonly file: string
  readonly versions: readonly { readonly version: ConstantVersion; readonly index: number }[]
  readonly beginAt: Date
}

/**
 * Writes constants out of a catalogue in CalCat's layout: numbers, types and orders of axes as they are, with `dims`
 * and everything else that the catalogue knows about them (see `writeStatements`), so that an import into another
 * catalogue restores all of it. Constants of one PDU that begin at one time share a file; those of one calibration are
 * numbered from 0 in order of entry.
 *
 * The same constants give the same bytes. All files appear, or none.
 * @throws ConstantsError if a file of the catalogue is not what was imported; OutputError if one cannot be written or
 * another file has its name; UsageError if `out` is the catalogue itself; the reason of `signal` once it is aborted.
 */
export async function exportConstants(
  catalogue: SqliteCatalogue,
  detectors: readonly Detector[],
  { versions, out, overwrite, signal }: ExportRequest,
): Promise<ExportedFile[]> {
  refuseStore(catalogue, out)
  const placements = catalogue.placements()
  const planned = planFiles(versions, detectors)
  await checkSources(versions, signal)
  const outputs = planned.map(plan => ({
    file: plan.file,
    write: (path: string) => writeFile(plan, detectors, placements, path),
  }))
  const isNew = await publishFiles(outputs, out, overwrite, signal)
  return planned.map(({ file, versions }, i) => ({
    file: file.split(sep).join('/'),
    versions: versions.map(({ version }) => version),
    places: versions.flatMap(({ version }) => placesOf(version, placements)).filter(firstOfItsKind),
    isNew: isNew[i] ?? true,
  }))
}

/** Inside the store, exported files would be unknown to the catalogue. */
function refuseStore({ root }: SqliteCatalogue, out: string): void {
  const folder = existsSync(out) ? realpathSync(out) : resolve(out)
  const store = realpathSync(root)
  if (folder !== store && !`${folder}${sep}`.startsWith(join(store, 'xfel') + sep)) return
  throw new UsageError('--out is the folder of the catalogue', {
    place: { file: out },
    hint: 'Choose another folder for the export',
  })
}

/** Which constants go into which file, in order of their ids. @throws ConstantsError for a version of an unknown detector. */
function planFiles(versions: readonly ConstantVersion[], detectors: readonly Detector[]): PlannedFile[] {
  const files = new Map<string, { version: ConstantVersion; index: number }[]>()
  for (const version of versions.toSorted((a, b) => a.id - b.id)) {
    const { pdu, calibration, beginAt } = version
    const detector = detectorOf(version, detectors)
    const file = join(folderOf(detector.type, pdu), `cal.${epochText(beginAt)}.h5`)
    const before = files.get(file) ?? []
    const index = before.filter(
      ({ version: other }) => other.pdu === pdu && other.calibration === calibration,
    ).length
    files.set(file, [...before, { version, index }])
  }
  return [...files].map(([file, versions]) => ({
    file,
    versions,
    beginAt: versions[0]?.version.beginAt ?? new Date(0),
  }))
}

function detectorOf(version: ConstantVersion, detectors: readonly Detector[]): Detector {
  const { calibration, detectorType, id, path } = version
  const detector = detectors.find(({ type }) => type === detectorType)
  if (detector && calibrationOf(detector, calibration)) return detector
  throw new ConstantsError(`constant ${id} is ${calibration} of ${detectorType}, which no detector has`, {
    place: { file: path },
    hint: 'Leave it out, or restore the catalogue from a copy',
  })
}

/** Damage must not be exported under a new checksum. */
async function checkSources(
  versions: readonly ConstantVersion[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const checked = new Set<string>()
  for (const { path, sha256, id } of versions) {
    if (checked.has(path)) continue
    signal?.throwIfAborted()
    checked.add(path)
    const place = { file: path }
    const hint = 'Find what happened to it with detcal constants verify'
    if (!isFile(path))
      throw new ConstantsError(`the file is missing; constant ${id} needs it`, { place, hint })
    if ((await contentOf(path)).sha256 !== sha256)
      throw new ConstantsError('its content is not what was imported: the checksum differs', { place, hint })
  }
}

async function writeFile(
  { versions, beginAt }: PlannedFile,
  detectors: readonly Detector[],
  placements: readonly Placement[],
  path: string,
): Promise<void> {
  const readers: SlabReader[] = []
  try {
    const arrays: ConstantArray[] = []
    for (const { version, index } of versions) {
      const source = await locateConstant(detectorOf(version, detectors), version)
      const reader = await openSlabs(source)
      readers.push(reader)
      const { pdu, calibration, shape, dims, dtype, conditions, rawData } = version
      const software = await makerOf(version)
      const places = versions
        .filter(({ version: other }) => other.pdu === pdu)
        .flatMap(({ version: other }) => placesOf(other, placements))
        .filter(firstOfItsKind)
      arrays.push({
        pdu,
        calibration,
        index,
        shape,
        dims,
        dtype,
        statements: { beginAt, conditions, places, ...given({ rawData, software }) },
        data: (start, count) => {
          const elements = count.reduce((product, length) => product * length, 1)
          const bytes = new Uint8Array(elements * DTYPE_BYTES[dtype])
          reader.read(start, count, bytes)
          return viewAs(dtype, bytes.buffer, 0, elements)
        },
      })
    }
    await writeConstants(path, arrays)
  } finally {
    for (const reader of readers) reader.close()
  }
}

function placesOf({ pdu, beginAt }: ConstantVersion, placements: readonly Placement[]): StatedPlace[] {
  return placements
    .filter(place => place.pdu === pdu && place.beginAt.getTime() === beginAt.getTime())
    .map(({ detector, module }) => ({ detector, module }))
}

function firstOfItsKind(place: StatedPlace, i: number, places: readonly StatedPlace[]): boolean {
  const same = (other: StatedPlace) => other.detector === place.detector && other.module === place.module
  return places.findIndex(same) === i
}
