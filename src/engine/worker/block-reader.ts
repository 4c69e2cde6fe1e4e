import { fstatSync, openSync } from 'node:fs'
import { goneError, isSystemError, systemText } from '../../files/errors.js'
import { readFully } from '../../files/read-write.js'
import { fillPattern } from '../../hdf5/index.js'
import { DataError } from '../../model/errors.js'
import type { BlockInput } from '../contract/block-input.js'

/** Where frames came to lie, and what it took. */
export interface FramesRead {
  /** Byte offset of each frame in the memory they were read into. */
  readonly offsets: Float64Array
  /** Bytes asked of the file. */
  readonly bytes: number
}

/**
 * Reads a block's frames into `raw`.
 *
 * Frames are placed in the order of their file addresses, so that neighbours in the file are neighbours in memory
 * and one read serves a whole run of them.
 *
 * @throws DataError if the file ends early, fails, or is not the file the plan was made for.
 */
export function readFrames(
  input: BlockInput,
  addresses: Float64Array,
  raw: Uint8Array,
  frameBytes: number,
): FramesRead {
  let bytes = 0
  const order = Uint32Array.from(addresses.keys()).sort((a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0))
  const offsets = new Float64Array(addresses.length)
  for (let i = 0; i < order.length; ) {
    const address = addresses[order[i] ?? 0] ?? -1
    let run = 0
    while (
      i + run < order.length &&
      addresses[order[i + run] ?? 0] === address + (address < 0 ? 0 : run * frameBytes)
    ) {
      offsets[order[i + run] ?? 0] = (i + run) * frameBytes
      run++
    }
    const length = run * frameBytes
    // Chunks that were never written read as the fill value.
    if (address < 0) fillPattern(raw.subarray(i * frameBytes, i * frameBytes + length), input.fillValue)
    else {
      readRaw(input, raw, i * frameBytes, length, address)
      bytes += length
    }
    i += run
  }
  refuseChanged(input)
  return { offsets, bytes }
}

/** Fills `length` bytes of `target` from its byte `at` on with those at `address`. @throws DataError if the file ends before. */
export function readRaw(
  input: Pick<BlockInput, 'fd' | 'path' | 'dataset'>,
  target: Uint8Array,
  at: number,
  length: number,
  address: number,
): void {
  if (readFully(input.fd, target, at, length, address) === length) return
  throw new DataError('the file ends before its data do', {
    place: { file: input.path, dataset: input.dataset },
    hint: 'Wait until it is copied completely, or copy it again',
  })
}

/** A descriptor of a RAW file that was there when the run was opened. @throws DataError if it cannot be opened any more. */
export function openThere(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (error.code === 'ENOENT') throw goneError(path, error)
    throw new DataError(systemText(error), {
      place: { file: path },
      hint: 'Check who may read it',
      cause: error,
    })
  }
}

/** @throws DataError if size or mtime differ from when the plan was made. */
export function refuseChanged(input: Pick<BlockInput, 'fd' | 'path' | 'size' | 'mtimeMs'>): void {
  const { size, mtimeMs } = fstatSync(input.fd)
  if (size === input.size && mtimeMs === input.mtimeMs) return
  const what = size === input.size ? 'was written to' : `changed from ${input.size} to ${size} bytes`
  throw new DataError(`${what} while it was read`, {
    place: { file: input.path },
    hint: 'Wait until the run has been copied completely, then correct it again',
  })
}
