import type { Detector } from '../../src/detectors/detector.js'
import type { Content } from '../../src/files/content.js'
import type { StoredConstant } from '../files/layout.js'
import type { Conditions } from '../model/conditions.js'
import type { ConstantVersion } from '../model/version.js'

/** A file of constants that was just written: it need not be read again. */
export interface WrittenFile {
  readonly content: Content
  readonly constants: readonly StoredConstant[]
  /** Of the elements of each, by `dataset`, see `ChecksumGrid`. */
  readonly checksums: ReadonlyMap<string, Uint8Array>
}

/** Files of one module's constants that enter a catalogue together. */
export interface ImportRequest {
  readonly files: readonly string[]
  readonly detector: Detector
  /** Karabo name of the instance, `SPB_DET_AGIPD1M-1`, or the detector's id for any instance. */
  readonly detectorName: string
  readonly module: number
  /** Which PDU of those in the files, or the PDU's name if the files name none. */
  readonly pdu?: string
  /** From when they are valid; absent: each file's `cal.<epoch>.h5`, else what all its constants state. */
  readonly beginAt?: Date
  /** They take precedence over the files' own. */
  readonly conditions?: Conditions
  /** Order of axes, slowest first, for all constants of the files; it takes precedence over their `dims`. */
  readonly dims?: readonly string[]
  /** Likewise for the constants of a calibration; it takes precedence over {@link dims}. */
  readonly dimsOf?: Readonly<Record<string, readonly string[]>>
  readonly rawData?: string
  /**
   * The single file becomes the catalogue's own: it is moved, not copied, and removed if the catalogue has its content
   * already. Its writer states what it holds and has flushed it: it is not read again.
   */
  readonly move?: WrittenFile
}

export interface ImportReport {
  /** In order of files; `isNew` is false for those that the catalogue already had. */
  readonly versions: readonly { readonly version: ConstantVersion; readonly isNew: boolean }[]
  /** Datasets omitted because the detector has no such calibration. */
  readonly skipped: readonly { readonly file: string; readonly dataset: string }[]
  /** Constants whose order of axes is given neither by an option nor by `dims`, nor determined by their shape. */
  readonly assumed: readonly {
    readonly file: string
    readonly dataset: string
    readonly dims: readonly string[]
  }[]
}
