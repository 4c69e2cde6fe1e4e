import type { ElementKind } from './messages.js'
import type { Places } from './string-heap.js'

/** What is known of a dataset besides its place and its elements. Shapes: slowest dimension first, in elements. */
export interface DatasetOptions {
  /** The final shape. The first dimension may be 0. */
  readonly shape: readonly number[]
  /** Absent: contiguous, or one chunk of all rows in a dataset that may grow. */
  readonly chunk?: readonly number[]
  /** Level 1 to 9: chunks are zlib streams. Needs chunks. */
  readonly deflate?: number
  /** Bytes of elements are put apart before they are deflated: of datasets whose chunks are written later. */
  readonly shuffle?: boolean
  /** Bytes of the element that stands where there is no chunk; absent: zeros. */
  readonly fill?: Uint8Array
  /** Leaves the first dimension without a maximum, as the DAQ's files do; else the shape is the maximum. */
  readonly growable?: boolean
}

/** Members by name: groups, datasets, targets of soft links. */
export interface Group {
  readonly members: Map<string, Group | DatasetNode | string>
  readonly attributes: AttributeNode[]
}

export interface DatasetNode extends DatasetOptions {
  readonly kind: ElementKind
  /** Absent: its chunks are written later. */
  readonly data?: Elements
  readonly attributes: AttributeNode[]
}

export interface AttributeNode {
  readonly name: string
  readonly kind: ElementKind
  readonly shape: readonly number[]
  readonly data: Elements
}

/** As they lie in the file, or in the heap. */
export type Elements = { readonly bytes: Uint8Array } | { readonly places: Places }
