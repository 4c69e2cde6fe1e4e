import { deflateSync } from 'node:zlib'
import { instantiateKernels, kernelModule } from '../../src/corrections/kernel.js'
import { deflatePlane } from '../deflate.js'
import { PIXELS } from '../kernels/problem.js'
import { type Contender, timeHere } from '../rounds.js'
import type { Frames } from './writing.js'

/** Gain and mask of all frames by the run-length kernel. */
export function runsDeflating(frames: Frames): Contender {
  const { memory, packed, packedBytes } = frames
  const kernels = instantiateKernels(kernelModule(), memory)
  const room = { at: packed, bytes: packedBytes }
  return contender('detcal', 'by runs', frames, (src, bytes) =>
    deflatePlane(kernels, memory.buffer, src, bytes, room).byteLength,
  )
}

/** The same by Node's zlib. */
export function zlibDeflating(frames: Frames): Contender {
  const { buffer } = frames.memory
  return contender('node:zlib', 'level 1', frames, (src, bytes) =>
    deflateSync(new Uint8Array(buffer, src, bytes), { level: 1 }).byteLength,
  )
}

function contender(
  implementation: string,
  note: string,
  { count, gain, mask }: Frames,
  deflate: (src: number, bytes: number) => number,
): Contender {
  let size = 0
  const pass = (): void => {
    size = 0
    for (let i = 0; i < count; i++) {
      size += deflate(gain + i * PIXELS, PIXELS)
      size += deflate(mask + i * 4 * PIXELS, 4 * PIXELS)
    }
  }
  return {
    implementation,
    note,
    run: passes => timeHere(passes, pass),
    details: () => ({ 'deflated to %': (100 * size) / (count * 5 * PIXELS) }),
  }
}
