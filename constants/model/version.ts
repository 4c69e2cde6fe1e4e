import type { DType } from '../../src/model/dtypes.js'
import type { Conditions } from './conditions.js'

/** One measured constant of one physical detector unit (PDU): CalCat's calibration constant version. */
export interface ConstantVersion {
  readonly id: number
  readonly calibration: string
  /** `agipd-type`. */
  readonly detectorType: string
  readonly pdu: string
  /** Path of the file as the catalogue has it, relative to its root, with forward slashes. */
  readonly file: string
  /** Absolute path of the file. */
  readonly path: string
  /** `/<PDU>/<Calibration>/<index>`; the array is `data` below it. */
  readonly dataset: string
  /** From when it is valid. */
  readonly beginAt: Date
  readonly conditions: Conditions
  readonly shape: readonly number[]
  readonly dtype: DType
  /** Names of the axes in disk order, resolved when it was entered. */
  readonly dims: readonly string[]
  /** Bytes and SHA-256 of the file. */
  readonly size: number
  readonly sha256: string
  /** Of its elements, see `ChecksumGrid`: where it was found to be used, and has some. */
  readonly checksums?: Uint8Array
  /** Its file was read a moment ago and has {@link sha256}: what is loaded needs no other checksum. */
  readonly isChecked?: boolean
  /** Where its raw data are: `proposal:003049 runs:120 119 118`. */
  readonly rawData: string | undefined
  /** When it was entered. */
  readonly created: Date
}
