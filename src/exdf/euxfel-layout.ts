import type { DType } from '../model/dtypes.js'

/**
 * HDF5 names, dtypes and shapes of European XFEL's data files (EXDF), in one place and in their own spelling.
 *
 * A file holds trains; `INDEX/trainId` names them and `INDEX/<source>/<group>/{first,count}` says which rows
 * of `INSTRUMENT/<source>/<group>/…` belong to each. Format 0.5 has neither version nor flags; 1.3 is 1.2 with attributes on groups of properties.
 */
export const FORMAT_VERSIONS = ['0.5', '1.0', '1.1', '1.2', '1.3'] as const
export type FormatVersion = (typeof FORMAT_VERSIONS)[number]

export const METADATA = {
  version: 'METADATA/dataFormatVersion',
  creationDate: 'METADATA/creationDate',
  updateDate: 'METADATA/updateDate',
  daqLibrary: 'METADATA/daqLibrary',
  karaboFramework: 'METADATA/karaboFramework',
  proposalNumber: 'METADATA/proposalNumber',
  runNumber: 'METADATA/runNumber',
  runType: 'METADATA/runType',
  sample: 'METADATA/sample',
  sequenceNumber: 'METADATA/sequenceNumber',
} as const

/** Folder of `dataSourceId`, `root` and `deviceId`. */
export function sourceListGroup(version: FormatVersion): string {
  return version === '0.5' ? 'METADATA' : 'METADATA/dataSources'
}

export const INDEX = {
  trainId: 'INDEX/trainId',
  timestamp: 'INDEX/timestamp',
  flag: 'INDEX/flag',
  origin: 'INDEX/origin',
} as const

/** Folder of `first` and `count` (old files: `first`, `last`, `status`); control sources have no group. */
export function indexPath(source: string, group?: string): string {
  return group === undefined ? `INDEX/${source}` : `INDEX/${source}/${group}`
}

/** Folder of the data of an instrument source, or of one of its index groups. */
export function instrumentPath(source: string, group?: string): string {
  return group === undefined ? `INSTRUMENT/${source}` : `INSTRUMENT/${source}/${group}`
}

/** `value` (or `timestamp`) of a control property, one row a train: `bunchStructure.nPulses`. */
export function controlPath(device: string, property: string, leaf: 'value' | 'timestamp' = 'value'): string {
  return `CONTROL/${device}/${property.replaceAll('.', '/')}/${leaf}`
}

/** Value of a control property at the start of the run, one row. */
export function runPath(device: string, property: string): string {
  return `RUN/${device}/${property.replaceAll('.', '/')}/value`
}

/** Index groups of a detector module's source; `image` has frames a train, the others one row a train. */
export const XTDF_GROUPS = ['detector', 'header', 'image', 'trailer'] as const
export type XtdfGroup = (typeof XTDF_GROUPS)[number]

/** One dataset below a module's source: dtype and the shape of one row. */
export interface XtdfDataset {
  readonly group: XtdfGroup
  readonly name: string
  readonly dtype: DType
  /** Shape behind the row axis, as RAW files have it. */
  readonly row: readonly number[]
}

/**
 * Datasets of a raw module source except `image/data` and `detector/data`, whose rows depend on the detector.
 * CORR files drop the second axis of `image/{trainId,pulseId,cellId}`.
 */
export const XTDF_DATASETS: readonly XtdfDataset[] = [
  { group: 'image', name: 'trainId', dtype: 'u8', row: [1] },
  { group: 'image', name: 'pulseId', dtype: 'u8', row: [1] },
  { group: 'image', name: 'cellId', dtype: 'u2', row: [1] },
  { group: 'image', name: 'length', dtype: 'u4', row: [1] },
  { group: 'image', name: 'status', dtype: 'u2', row: [1] },
  { group: 'detector', name: 'trainId', dtype: 'u8', row: [] },
  { group: 'header', name: 'trainId', dtype: 'u8', row: [] },
  { group: 'header', name: 'dataId', dtype: 'u8', row: [] },
  { group: 'header', name: 'linkId', dtype: 'u8', row: [] },
  { group: 'header', name: 'magicNumberBegin', dtype: 'i1', row: [8] },
  { group: 'header', name: 'majorTrainFormatVersion', dtype: 'u4', row: [] },
  { group: 'header', name: 'minorTrainFormatVersion', dtype: 'u4', row: [] },
  { group: 'header', name: 'pulseCount', dtype: 'u8', row: [] },
  { group: 'header', name: 'reserved', dtype: 'u1', row: [16] },
  { group: 'trailer', name: 'trainId', dtype: 'u8', row: [] },
  { group: 'trailer', name: 'status', dtype: 'u8', row: [] },
  { group: 'trailer', name: 'checksum', dtype: 'i1', row: [16] },
  { group: 'trailer', name: 'magicNumberEnd', dtype: 'i1', row: [8] },
]

/** Image datasets that are rewritten by a correction; every other one below the source is copied by row. */
export const REWRITTEN: ReadonlySet<string> = new Set([
  'image/data',
  'image/trainId',
  'image/pulseId',
  'image/cellId',
])

/** Datasets that only corrected files have. */
export const CORRECTED_ONLY = ['gain', 'mask'] as const

/** `RAW-R0001-AGIPD00-S00000.h5`; control files may lack the sequence. Names are a fallback, METADATA decides. */
export const FILE_NAME = /^(?<kind>[A-Z]+)-R(?<run>\d{4,})-(?<aggregator>\w+?)(?:-S(?<sequence>\d{5,}))?\.h5$/

/** `METADATA/creationDate`: `YYYYmmddTHHMMSSZ`, UTC. */
export const DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/

/** A time as METADATA has it: `YYYYmmddTHHMMSSZ`. */
export function exdfDate(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}
