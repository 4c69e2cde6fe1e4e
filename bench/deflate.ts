import { deflateSync } from 'node:zlib'
import type { Kernels } from '../src/corrections/kernel.js'

/** Room for a deflated plane in the kernels' memory. */
export interface PackedRoom {
  readonly at: number
  readonly bytes: number
}

/**
 * Deflates the plane at `src` as the engine does: by runs, or by zlib where runs do not fit.
 * @returns the stream, which may be a view on `room`.
 */
export function deflatePlane(
  kernels: Kernels,
  buffer: ArrayBufferLike,
  src: number,
  bytes: number,
  room: PackedRoom,
): Uint8Array {
  const packed = kernels.deflateRuns(src, bytes, room.at, room.bytes)
  if (packed > 0) return new Uint8Array(buffer, room.at, packed)
  return deflateSync(new Uint8Array(buffer, src, bytes), { level: 1 })
}
