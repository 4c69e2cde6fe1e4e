import type { Attributes } from '../hdf5/create/attributes.js'
import type { DType, TypedArrayOf } from '../model/dtypes.js'
import type { FormatVersion } from './euxfel-layout.js'

/**
 * One EXDF file as plain data: what `writeExdf` turns into a file.
 *
 * Everything small is here by value. Bulk datasets (images) are described without data: the file then holds
 * their declaration, and their chunks are written directly to it afterwards.
 */
export interface NewExdf {
  readonly version: Exclude<FormatVersion, '1.1' | '1.3'>
  readonly metadata: NewMetadata
  readonly trains: ExdfTrains
  readonly sources: readonly InstrumentSource[]
  readonly controls?: readonly ControlSource[]
  /** Former names of sources: soft links in INDEX and INSTRUMENT, listed beside the new names. */
  readonly aliases?: readonly ExdfAlias[]
  /** Whether rows can be added later, as the DAQ's files allow (RAW); else maxshape is the shape (CORR). */
  readonly growable: boolean
  /** Datasets outside of the format, by path. */
  readonly besides?: Readonly<Record<string, Omit<ExdfDataset, 'name'>>>
  /** Attributes by path of the group or dataset that carries them, `/` being the file. */
  readonly attributes?: Readonly<Record<string, Attributes>>
}

/** METADATA of format 1.0 and later; 0.5 has none of it. Dates are written as UTC, to the second. */
export interface NewMetadata {
  readonly proposalNumber: number
  readonly runNumber: number
  readonly sequenceNumber: number
  readonly runType: string
  readonly sample: string
  readonly daqLibrary: string
  readonly karaboFramework: string
  readonly creationDate: Date
  readonly updateDate: Date
}

/** INDEX rows, one a train, all arrays of one length; ids strictly increasing unless `disordered`. */
export interface ExdfTrains {
  readonly trainIds: readonly number[]
  /** Some ids are out of sequence, as they are in the RAW file. */
  readonly disordered?: boolean
  /** 1 valid. Not in 0.5. */
  readonly flags: readonly number[]
  /** ns since 1970 UTC. Not in 0.5. */
  readonly timestamps: readonly bigint[]
  /** -1 time server. 1.2 only. */
  readonly origins: readonly number[]
}

/** `INSTRUMENT/<name>/<group>/<dataset>`; the name may hold slashes: `SPB_DET_AGIPD1M-1/DET/0CH0:xtdf`. */
export interface InstrumentSource {
  readonly name: string
  readonly groups: Readonly<Record<string, ExdfGroup>>
}

/** One index group: the rows of all its datasets belong to the trains, `counts[t]` rows to train t. */
export interface ExdfGroup {
  readonly counts: readonly number[]
  readonly datasets: readonly ExdfDataset[]
  /** Counts and lists are only known when the file is there: all is empty, and stored so that it can be replaced. */
  readonly late?: boolean
}

export interface ExdfDataset {
  readonly name: string
  readonly dtype: DType
  /** Rows first; rows = sum of the group's counts. */
  readonly shape: readonly number[]
  /** Chunk shape. Absent: contiguous, or one chunk of all rows in a growable file. */
  readonly chunk?: readonly number[]
  /** gzip level; needs `chunk`. */
  readonly deflate?: number
  /** Bytes of elements are put apart first: of bulk that is deflated. */
  readonly shuffle?: boolean
  /** C order. Absent: bulk, declared only, its chunks follow. */
  readonly data?: TypedArrayOf<DType>
}

/** `CONTROL/<name>/<property>/{value,timestamp}`, one row a train, and `RUN/…` with the first value. */
export interface ControlSource {
  readonly name: string
  /** By Karabo's name: `bunchStructure.nPulses`. A value holds for all trains, a list has one for each. */
  readonly properties: Readonly<Record<string, ControlValue>>
}

export type ControlValue =
  | { readonly dtype: 'i4' | 'u4' | 'f4' | 'f8' | 'u1'; readonly value: number | readonly number[] }
  | { readonly dtype: 'text'; readonly value: string }

export interface ExdfAlias {
  readonly from: string
  readonly to: string
}
