import { deflateSync } from 'node:zlib'
import type { Kernels } from '../src/corrections/kernel.js'

/** Room for a deflated plane in the kernels' memory. */
export interface PackedRoom {
  readonly at: number
  readonly bytes: number
}

/** Deflates the plane at `src` as the engine does: by runs, or by zlib where runs do not fit. @returns its bytes. */
export function deflatePlane(
  kernels: Kernels,
  buffer: ArrayBufferLike,
  src: number,
  bytes: number,
  room: PackedRoom,
): number {
  const packed = kernels.deflateRuns(src, bytes, room.at, room.bytes)
  return packed > 0 ? packed : deflateSync(new Uint8Array(buffer, src, bytes), { level: 1 }).byteLength
}
