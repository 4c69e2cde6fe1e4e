import { fstatSync } from 'node:fs'
import { frameAddresses, locate, rowsNotWritten } from '../../hdf5/index.js'
import { DataError } from '../../model/errors.js'
import { given } from '../../model/given.js'
import type { BlockInput } from './block-input.js'

/** How the frames of an image/data are stored, by row. */
export interface StoredFrames {
  /** Address of every frame (−1: never written); absent where frames are not stored plainly: then workers decode them. */
  readonly addresses?: Float64Array
  /** One element, little-endian, that frames hold which were never written; absent: zero. */
  readonly fillValue?: Uint8Array
  /** 1: not wholly written. Absent: all were, or only the library can read them, which does not tell. */
  readonly notWritten?: Uint8Array
}

/** Looks at the layout of the image data, and at whatever it refers to. @throws DataError if it cannot be read. */
export function storedFrames(input: Pick<BlockInput, 'fd' | 'path' | 'dataset'>): StoredFrames {
  const located = locate(input.path, input.dataset, input.fd)
  if (located === undefined) return {}
  const addresses = frameAddresses(located)
  const notWritten = rowsNotWritten(located)
  const { fillValue } = located
  const [frames, ...dims] = located.shape
  const end = fstatSync(input.fd).size
  const frameBytes = dims.reduce((a, b) => a * b, located.elementBytes)
  // Negative: never written.
  const beyond = addresses?.findIndex(address => address >= 0 && address + frameBytes > end) ?? -1
  if (beyond >= 0) {
    throw new DataError(`frame ${beyond} of ${frames} lies beyond the end of the file`, {
      place: { file: input.path, dataset: input.dataset },
      hint: 'Wait until it is copied completely, or copy it again',
    })
  }
  return given({ addresses, fillValue, notWritten })
}

/** `input` for frames at `rows`, with what is known of each. */
export function inputOf(
  input: Omit<BlockInput, 'addresses'>,
  { addresses, fillValue, notWritten }: StoredFrames,
  rows: Float64Array,
): BlockInput {
  const missing = notWritten && Uint8Array.from(rows, row => notWritten[row] ?? 0)
  return {
    ...input,
    ...(addresses ? { addresses: rows.map(row => addresses[row] ?? -1) } : {}),
    ...(fillValue ? { fillValue } : {}),
    ...(missing?.includes(1) ? { notWritten: missing } : {}),
  }
}
