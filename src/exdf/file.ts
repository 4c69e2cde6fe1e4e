import { stat } from 'node:fs/promises'
import { goneError } from '../files/errors.js'
import { type Hdf5File, readHdf5, readNumbers, readStrings, requireDataset, rowsOf } from '../hdf5/index.js'
import { DataError } from '../model/errors.js'
import { given } from '../model/given.js'
import { DATE, FORMAT_VERSIONS, type FormatVersion, METADATA, sourceListGroup } from './euxfel-layout.js'

/** What METADATA of one EuXFEL data file says. */
export interface ExdfFacts {
  readonly path: string
  /** Bytes and modification time when it was opened. */
  readonly size: number
  readonly mtimeMs: number
  readonly formatVersion: FormatVersion
  /** Version as stored where it is newer than any known one; read as the newest known. */
  readonly unknownVersion?: string
  /** Index groups of each instrument source, as METADATA lists them. */
  readonly instrumentSources: ReadonlyMap<string, readonly string[]>
  readonly controlSources: readonly string[]
  readonly metadata: ExdfMetadata
}

/** One EuXFEL data file while it is open. */
export interface ExdfFile extends ExdfFacts {
  readonly file: Hdf5File
}

/** What METADATA tells beside sources; format 0.5 has none of it. */
export interface ExdfMetadata {
  readonly proposal?: number
  readonly run?: number
  readonly sequence?: number
  readonly creationDate?: Date
  readonly daqLibrary?: string
  readonly karaboFramework?: string
  readonly runType?: string
  readonly sample?: string
}

/** A file that HDF5 opens and that has no METADATA: something of the user's, unless its name says otherwise. */
export class ForeignFileError extends DataError {}

/**
 * Opens an EuXFEL file, reads METADATA and hands it to `use`; it is closed afterwards. `use` may be called twice, see
 * {@link readHdf5}.
 * @param known what an earlier opening found: METADATA is not read again if the file is still the same.
 * @throws DataError naming the file: unreadable, not HDF5, not an EuXFEL file, of an unknown format.
 */
export async function readExdf<T>(path: string, use: (exdf: ExdfFile) => T, known?: ExdfFacts): Promise<T> {
  const { size, mtimeMs } = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw goneError(path, error)
    throw new DataError('cannot be opened', { place: { file: path }, cause: error })
  })
  const same = known?.path === path && known.size === size && known.mtimeMs === mtimeMs
  try {
    return await readHdf5(path, file =>
      use({ ...(same ? known : { path, size, mtimeMs, ...readFacts(file) }), file }),
    )
  } catch (error) {
    // What is raised below knows the dataset, not the file.
    if (error instanceof DataError && error.place.file === undefined) throw inFile(error, path)
    throw error
  }
}

function readFacts(file: Hdf5File): Omit<ExdfFacts, 'path' | 'size' | 'mtimeMs'> {
  const version = readVersion(file)
  return { ...version, ...readSources(file, version.formatVersion), metadata: readMetadata(file) }
}

function inFile(error: DataError, file: string): DataError {
  const options = { place: { ...error.place, file }, cause: error }
  const Kind = error instanceof ForeignFileError ? ForeignFileError : DataError
  return new Kind(error.message, error.hint === undefined ? options : { ...options, hint: error.hint })
}

function readVersion(file: Hdf5File): Pick<ExdfFile, 'formatVersion' | 'unknownVersion'> {
  const stored = textAt(file, METADATA.version)
  if (stored === undefined) return { formatVersion: '0.5' }
  const known = FORMAT_VERSIONS.find(version => version === stored)
  if (known) return { formatVersion: known }
  // Minor versions have only added to the format; another major one may mean anything.
  if (/^1\.\d+$/.test(stored)) return { formatVersion: '1.3', unknownVersion: stored }
  throw new DataError(`has EuXFEL data format ${JSON.stringify(stored)}, known are 0.5 to 1.3`, {
    place: { dataset: METADATA.version },
    hint: 'A newer detcal may read it',
  })
}

function readSources(
  file: Hdf5File,
  version: FormatVersion,
): Pick<ExdfFile, 'instrumentSources' | 'controlSources'> {
  const path = `${sourceListGroup(version)}/dataSourceId`
  if (file.dataset(path) === undefined) {
    const Kind = file.names('METADATA') ? DataError : ForeignFileError
    throw new Kind('this dataset is missing: not a data file of European XFEL', {
      place: { dataset: path },
      hint: 'Point to a folder with the RAW files of one run',
    })
  }
  const instrumentSources = new Map<string, string[]>()
  const controlSources: string[] = []
  for (const id of readStrings(requireDataset(file, path))) {
    const [, category, name] = /^(CONTROL|INSTRUMENT)\/(.+)$/.exec(id) ?? []
    if (name === undefined) continue
    if (category === 'CONTROL') {
      controlSources.push(name)
      continue
    }
    // One entry an index group, the group behind the channel: `DET/0CH0:xtdf/image`.
    const [, source, group] = /^([^:]+:[^/]+)\/(.+)$/.exec(name) ?? []
    if (source === undefined || group === undefined) continue
    const groups = instrumentSources.get(source) ?? []
    if (!groups.includes(group)) groups.push(group)
    instrumentSources.set(source, groups)
  }
  return { instrumentSources, controlSources }
}

function readMetadata(file: Hdf5File): ExdfMetadata {
  const proposal = numberAt(file, METADATA.proposalNumber)
  const run = numberAt(file, METADATA.runNumber)
  const sequence = numberAt(file, METADATA.sequenceNumber)
  const creationDate = parseDate(textAt(file, METADATA.creationDate))
  const [daqLibrary, karaboFramework, runType, sample] = (
    ['daqLibrary', 'karaboFramework', 'runType', 'sample'] as const
  ).map(name => textAt(file, METADATA[name]))
  return given({ daqLibrary, karaboFramework, runType, sample, proposal, run, sequence, creationDate })
}

/** METADATA beside the sources is decoration: what cannot be read counts as absent. */
function textAt(file: Hdf5File, path: string): string | undefined {
  const dataset = file.dataset(path)
  return dataset?.type.kind === 'text' ? readStrings(dataset)[0] || undefined : undefined
}

function numberAt(file: Hdf5File, path: string): number | undefined {
  const dataset = file.dataset(path)
  if (!dataset || rowsOf(dataset) < 1 || dataset.shape.length !== 1) return undefined
  const value = readNumbers(dataset, 1)[0]
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** `YYYYmmddTHHMMSSZ` in UTC; undefined for anything else. */
export function parseDate(text: string | undefined): Date | undefined {
  const [, year, month, day, hour, minute, second] = DATE.exec(text ?? '') ?? []
  if (year === undefined) return undefined
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(date.getTime()) ? undefined : date
}
