import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { instantiateKernels, type Kernels, kernelModule } from '../../src/corrections/kernel.js'
import { type KeptStreams, Packer } from '../../src/engine/packer.js'

const ROOM = { at: 65536, bytes: 40_000 }
const PLANES = 131_072
let memory: WebAssembly.Memory
let kernels: Kernels
beforeAll(() => {
  memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true })
  kernels = instantiateKernels(kernelModule(), memory)
})

const packer = () => new Packer(kernels, new Uint8Array(memory.buffer, ROOM.at, ROOM.bytes))
const kept = (): KeptStreams => ({ gain: undefined, masks: new Map() })

/** A plane in the lane's memory. */
function plane(values: Uint8Array, at = PLANES): Uint8Array {
  const view = new Uint8Array(memory.buffer, at, values.byteLength)
  view.set(values)
  return view
}

describe('Packer', () => {
  it('gives streams that inflate to their planes, sparse or dense, while the room lasts and after', () => {
    const values = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 3000 }),
      fc
        .array(fc.nat({ max: 19_999 }), { maxLength: 60 })
        .map(at => Uint8Array.from({ length: 20_000 }, (_, i) => (at.includes(i) ? 1 : 0))),
    )
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 12 }), planes => {
        const pack = packer()
        const streams = planes.map(bytes => pack.pack(plane(bytes)))
        streams.forEach((stream, i) => {
          expect(new Uint8Array(inflateSync(stream))).toEqual(planes[i])
        })
      }),
      { numRuns: 30 },
    )
  })

  it('keeps the planes of frames without departures, one mask a cell', () => {
    const pack = packer()
    const streams = kept()
    const gain = plane(new Uint8Array(1000))
    const masks = [1, 2].map(value => plane(new Uint8Array(4000).fill(value), PLANES + value * 65_536))
    const [first, second] = masks.map((mask, cell) => pack.frame(cell, 0, gain, mask, streams))
    // What lies in the planes later does not matter: these frames are all alike.
    gain.fill(9)
    masks[0]?.fill(9)
    const again = pack.frame(0, 0, gain, masks[0] ?? gain, streams)
    expect(again.gain).toBe(first?.gain)
    expect(again.mask).toBe(first?.mask)
    expect(second?.gain).toBe(first?.gain)
    pack.restart()
    plane(new Uint8Array(4000).fill(7))
    pack.pack(plane(new Uint8Array(4000).fill(7)))
    expect(new Uint8Array(inflateSync(again.mask))).toEqual(new Uint8Array(4000).fill(1))
    expect(new Uint8Array(inflateSync(second?.mask ?? again.mask))).toEqual(new Uint8Array(4000).fill(2))
    expect(new Uint8Array(inflateSync(again.gain))).toEqual(new Uint8Array(1000))
  })

  it('packs frames with departures as they are', () => {
    const pack = packer()
    const streams = kept()
    const gain = plane(new Uint8Array(1000).fill(1, 10, 12))
    const mask = plane(new Uint8Array(4000).fill(3, 40, 44), PLANES + 65_536)
    const { gain: g, mask: m } = pack.frame(0, 2, gain, mask, streams)
    expect(new Uint8Array(inflateSync(g))).toEqual(gain.slice())
    expect(new Uint8Array(inflateSync(m))).toEqual(mask.slice())
    expect(streams.gain).toBeUndefined()
  })
})
