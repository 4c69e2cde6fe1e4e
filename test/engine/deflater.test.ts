import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Deflater } from '../../src/engine/worker/deflater.js'
import { instantiateKernels, type Kernels, kernelModule } from '../../src/wasm/kernels.js'

const SCRATCH = { at: 65536, bytes: 40_000 }
const PLANES = 131_072
let memory: WebAssembly.Memory
let kernels: Kernels
beforeAll(() => {
  memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true })
  kernels = instantiateKernels(kernelModule(), memory)
})

const deflater = () => new Deflater(kernels, new Uint8Array(memory.buffer, SCRATCH.at, SCRATCH.bytes))

/** A plane in the lane's memory. */
function plane(values: Uint8Array, at = PLANES): Uint8Array {
  const view = new Uint8Array(memory.buffer, at, values.byteLength)
  view.set(values)
  return view
}

describe('Deflater', () => {
  it('gives streams that inflate to their planes, sparse or dense, while the room lasts and after', () => {
    const values = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 3000 }),
      fc
        .array(fc.nat({ max: 19_999 }), { maxLength: 60 })
        .map(at => Uint8Array.from({ length: 20_000 }, (_, i) => (at.includes(i) ? 1 : 0))),
    )
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 12 }), planes => {
        const deflating = deflater()
        const streams = planes.map(bytes => deflating.deflate(plane(bytes)))
        streams.forEach((stream, i) => {
          expect(new Uint8Array(inflateSync(stream))).toEqual(planes[i])
        })
      }),
      { numRuns: 30 },
    )
  })
})
