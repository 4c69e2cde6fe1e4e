import { expect } from 'vitest'
import type { Frames, Planes, RawTrain, Served } from './golden-stream.js'

/** Holds a served train against files: its modules, ids and the bits of every frame; of some frames where indices are given. */
export function expectEqual(
  served: Served,
  { train, modules }: RawTrain,
  offline: Frames,
  frames?: number[],
): void {
  const expected = offline.get(train)
  expect([served.train, served.present]).toEqual([train, [...(expected?.keys() ?? [])]])
  const [first] = modules.values()
  const count = expected?.get(served.present[0] ?? -1)?.length ?? 0
  const taken = frames ?? Array.from({ length: count }, (_, i) => i)
  expect(served.cellIds).toEqual(taken.map(i => first?.cellIds[i]))
  expect(served.pulseIds).toEqual(taken.map(i => Number(first?.pulseIds[i])))
  for (const [module, planes] of served.frames) {
    const stored = expected?.get(module)
    expect(planes).toHaveLength(taken.length)
    for (const [i, { data, gain, mask }] of planes.entries()) {
      const one = stored?.[taken[i] ?? -1] ?? MISSING(data.length / 4)
      const same = [
        Buffer.compare(data, gain ? one.data : withNaN(one)),
        gain && Buffer.compare(gain, one.gain),
        mask && Buffer.compare(mask, one.mask),
      ]
      expect(same, `train ${train}, module ${module}, frame ${i}`).toEqual([0, gain && 0, mask && 0])
    }
  }
}

/** What stands in the place of a module that is not there. */
export const MISSING = (pixels: number): Planes => ({
  data: new Uint8Array(new Float32Array(pixels).fill(Number.NaN).buffer),
  gain: new Uint8Array(pixels),
  mask: new Uint8Array(4 * pixels),
})

/** Data whose bad pixels, those with one of these bits, are NaN. */
export function withNaN({ data, mask }: Planes, bits = 0xffffffff): Uint8Array {
  const values = new Float32Array(Uint8Array.from(data).buffer)
  const reasons = new Uint32Array(Uint8Array.from(mask).buffer)
  for (let i = 0; i < values.length; i++) if (((reasons[i] ?? 0) & bits) !== 0) values[i] = Number.NaN
  return new Uint8Array(values.buffer)
}
