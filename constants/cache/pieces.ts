import { isSystemError } from '../../src/files/errors.js'
import { readFully, writeFully } from '../../src/files/read-write.js'
import type { Kernels } from '../../src/wasm/kernels.js'
import { CHECKSUM_WORDS } from './header.js'

/** Planes `first …` of a pack, between an open file and a lane's memory. */
export interface PiecesOptions {
  readonly fd: number
  /** Byte of the file where plane 0 of the pack is. */
  readonly payload: number
  /** Memory of the lane, and the byte in it where plane 0 is. */
  readonly buffer: ArrayBufferLike
  readonly base: number
  readonly planeBytes: number
  readonly first: number
  readonly count: number
  readonly kernels: Kernels
  /** Byte of the lane's memory for the 16 bytes of a checksum, a multiple of 8. */
  readonly scratch: number
  /** Called before each plane; what it throws ends the work. */
  readonly checkpoint: () => void
}

/**
 * Reads planes into the lane; each is checked while it is still in the processor's cache.
 * @param checksums four words for each of the planes.
 * @returns what is wrong with the first plane that is damaged or cannot be read; undefined: all are sound.
 */
export function readPieces(options: PiecesOptions, checksums: Uint32Array): string | undefined {
  const { fd, kernels, scratch, checkpoint } = options
  const found = new Uint32Array(options.buffer, scratch, CHECKSUM_WORDS)
  for (let i = 0; i < options.count; i++) {
    checkpoint()
    const { view, position } = piece(options, i)
    const plane = `plane ${options.first + i}`
    try {
      if (readFully(fd, view, 0, view.length, position) < view.length) return `it ends in ${plane}`
    } catch (error) {
      if (!isSystemError(error)) throw error
      return `${plane} cannot be read: ${error.message}`
    }
    kernels.checksum(view.byteOffset, view.length, scratch)
    const expected = checksums.subarray(i * CHECKSUM_WORDS, (i + 1) * CHECKSUM_WORDS)
    if (found.some((word, w) => word !== expected[w])) return `${plane} has another checksum`
  }
  return undefined
}

/** Writes planes out of the lane. @returns their checksums, four words each. @throws what the system throws. */
export function writePieces(options: PiecesOptions): Uint32Array {
  const { fd, count, kernels, scratch, checkpoint } = options
  const checksum = new Uint32Array(options.buffer, scratch, CHECKSUM_WORDS)
  const checksums = new Uint32Array(count * CHECKSUM_WORDS)
  for (let i = 0; i < count; i++) {
    checkpoint()
    const { view, position } = piece(options, i)
    kernels.checksum(view.byteOffset, view.length, scratch)
    checksums.set(checksum, i * CHECKSUM_WORDS)
    writeFully(fd, view, position)
  }
  return checksums
}

function piece({ buffer, base, payload, planeBytes, first }: PiecesOptions, i: number) {
  const at = (first + i) * planeBytes
  return { view: new Uint8Array(buffer, base + at, planeBytes), position: payload + at }
}
