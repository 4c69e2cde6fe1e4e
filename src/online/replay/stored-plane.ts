import { setImmediate as turn } from 'node:timers/promises'
import { type StoredFrames, storedFrames } from '../../engine/contract/stored-frames.js'
import { readvFully } from '../../files/read-write.js'
import { locate, openDataset, type SlabReader } from '../../hdf5/index.js'
import type { DType } from '../../model/dtypes.js'
import { DataError } from '../../model/errors.js'
import type { Rows } from '../../sources/run/run.js'

/** Elements of one frame of image data, gain or mask. */
export interface FrameForm {
  readonly dtype: DType
  /** AGIPD raw: planes, slow scan, fast scan; corrected: slow scan, fast scan. */
  readonly row: readonly number[]
}

/** Where the bytes of the i-th frame go: pieces one behind the other that hold one frame together. */
export type FramePieces = (i: number) => readonly Uint8Array[]

/** Image data, gain or mask of an open file. */
export interface StoredPlane extends FrameForm {
  /** @throws DataError if frames among `rows` were never written, or the file ends before them. */
  read(rows: Rows, pieces: FramePieces): Promise<void>
  close(): void
}

/** An open file's dataset. */
export interface PlaneInput {
  readonly fd: number
  readonly path: string
  readonly dataset: string
}

/** Frames that are decoded before other work has its turn. */
const FRAMES_A_TURN = 16

/**
 * Opens a dataset of frames: by plain reads at the addresses of its frames where they lie there plainly, else by decoded
 * chunks or the library.
 * @throws DataError if it cannot be read, or a frame lies beyond the end of the file.
 */
export async function openPlane(input: PlaneInput, form: FrameForm): Promise<StoredPlane> {
  const stored = storedFrames(input)
  const { fd, path: file, dataset } = input
  const slabs = stored.addresses
    ? undefined
    : await openDataset({ file, dataset }, locate(file, dataset, fd), fd)
  return {
    ...form,
    read: async (rows, pieces) => {
      refuseNotWritten(input, stored, rows)
      if (slabs) await readDecoded(slabs, rows, pieces)
      else await readPlain(input, stored.addresses ?? new Float64Array(), rows, pieces)
    },
    close: () => slabs?.close(),
  }
}

function refuseNotWritten({ path, dataset }: PlaneInput, { notWritten }: StoredFrames, rows: Rows): void {
  const missing = notWritten?.subarray(rows.first, rows.first + rows.count).reduce((sum, bit) => sum + bit, 0)
  if (!missing) return
  throw new DataError(`${missing} of ${rows.count} frames were never written, though INDEX counts them`, {
    place: { file: path, dataset },
  })
}

/** One read for each run of frames that are neighbours in the file. */
async function readPlain(
  { fd, path, dataset }: PlaneInput,
  addresses: Float64Array,
  { first, count }: Rows,
  pieces: FramePieces,
): Promise<void> {
  for (let i = 0; i < count; ) {
    const address = addresses[first + i] ?? -1
    const run: Uint8Array[] = []
    let bytes = 0
    do {
      for (const piece of pieces(i)) {
        run.push(piece)
        bytes += piece.byteLength
      }
      i++
    } while (i < count && addresses[first + i] === address + bytes)
    if ((await readvFully(fd, run, address)) < bytes)
      throw new DataError('the file ends before its data do', {
        place: { file: path, dataset },
        hint: 'Wait until it is copied completely, or copy it again',
      })
  }
}

async function readDecoded(slabs: SlabReader, { first, count }: Rows, pieces: FramePieces): Promise<void> {
  const frame = slabs.shape.slice(1)
  const zeros = frame.map(() => 0)
  for (let i = 0; i < count; i++) {
    const parts = pieces(i)
    const [only] = parts
    const whole = parts.length === 1 && only ? only : new Uint8Array(bytesOf(parts))
    slabs.read([first + i, ...zeros], [1, ...frame], whole)
    if (whole !== only) scatter(whole, parts)
    if ((i + 1) % FRAMES_A_TURN === 0) await turn()
  }
}

function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function scatter(whole: Uint8Array, parts: readonly Uint8Array[]): void {
  let at = 0
  for (const part of parts) {
    part.set(whole.subarray(at, at + part.byteLength))
    at += part.byteLength
  }
}

/** Whether two hold frames of one form. */
export function sameForm(a: FrameForm, b: FrameForm): boolean {
  return a.dtype === b.dtype && a.row.join() === b.row.join()
}
