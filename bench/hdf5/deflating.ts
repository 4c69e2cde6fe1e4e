import { deflateSync } from 'node:zlib'
import { Deflater } from '../../src/engine/worker/deflater.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import { PIXELS } from '../kernels/workload.js'
import { type Contender, timeHere } from '../rounds.js'
import type { Frames } from './writing.js'

/** Gain and mask of all frames by the run-length kernel. */
export function runsDeflating(frames: Frames): Contender {
  const { memory, deflated, deflatedBytes } = frames
  const kernels = instantiateKernels(kernelModule(), memory)
  const deflater = new Deflater(kernels, new Uint8Array(memory.buffer, deflated, deflatedBytes))
  return contender('detcal', 'by runs', frames, plane => {
    deflater.restart()
    return deflater.deflate(plane).byteLength
  })
}

/** The same by Node's zlib. */
export function zlibDeflating(frames: Frames): Contender {
  return contender('node:zlib', 'level 1', frames, plane => deflateSync(plane, { level: 1 }).byteLength)
}

function contender(
  implementation: string,
  note: string,
  { memory, count, gain, mask }: Frames,
  deflate: (plane: Uint8Array) => number,
): Contender {
  let size = 0
  const pass = (): void => {
    size = 0
    for (let i = 0; i < count; i++) {
      size += deflate(new Uint8Array(memory.buffer, gain + i * PIXELS, PIXELS))
      size += deflate(new Uint8Array(memory.buffer, mask + i * 4 * PIXELS, 4 * PIXELS))
    }
  }
  return {
    implementation,
    note,
    run: passes => timeHere(passes, pass),
    details: () => ({ 'deflated to %': (100 * size) / (count * 5 * PIXELS) }),
  }
}
