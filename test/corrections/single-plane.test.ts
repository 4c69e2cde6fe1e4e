import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AgipdParams } from '../../src/kits/agipd/params.js'
import { type Case, type KernelName, listed, PLANES, reference, wasm } from './implementations.js'

const words = new DataView(new ArrayBuffer(4))
function bitsOf(value: number): number {
  words.setFloat32(0, value)
  return words.getUint32(0)
}

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 1e-42, -1e-42, 1e7, -1e7, 10000001, 3.4e38, -3.4e38]
const float = (min: number, max: number) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.float({ min: Math.fround(min), max: Math.fround(max), noNaN: true }).map(bitsOf),
    },
    { weight: 1, arbitrary: fc.constantFrom(...SPECIAL.map(bitsOf), 0xffc00001, 0x7f800001) },
  )
const maskWord = fc.oneof(
  fc.constant(0),
  fc.constantFrom(0x80000000, 0xffffffff, 1 << 21),
  fc.nat(0xffffffff),
)
const offset = float(0, 4095)
const factor = fc.oneof(fc.constant(bitsOf(1)), float(-5, 200))
const stage = [offset, factor, maskWord] as const

/** What is known of each kernel: constants of a pixel by plane, raw numbers a pixel, and constants of a calm pixel. */
const KERNELS = {
  lpd: { constants: fc.tuple(...stage, ...stage, ...stage), raws: 1, calm: [800.25, 1.5, 0] },
  lpdParallel: {
    constants: fc.tuple(...stage, ...stage, ...stage, offset, offset),
    raws: 3,
    calm: [800.25, 1.5, 0, 1, 1, 1, 1, 1, 1, 4096, 4096],
  },
  dssc: { constants: fc.tuple(offset, maskWord), raws: 1, calm: [40.25, 0] },
} as const satisfies Partial<Record<KernelName, unknown>>
type Name = keyof typeof KERNELS

const sample = fc.oneof(fc.nat(4095), fc.nat(65535), fc.constantFrom(0, 256, 4095, 4096, 8192, 12288, 65535))
const params: fc.Arbitrary<AgipdParams> = fc.record({
  stage: fc.constant(0),
  forceMgLimit: fc.constant(0),
  forceHgLimit: fc.constant(0),
  setMin: fc.boolean(),
  range: fc.boolean(),
  zeroNans: fc.boolean(),
  zeroOrange: fc.boolean(),
})

function caseOf(kernel: Name): fc.Arbitrary<Case> {
  const { constants: arbitrary, raws, calm } = KERNELS[kernel]
  const frames = 3
  const pixel = fc.record({
    constants: arbitrary as fc.Arbitrary<readonly number[]>,
    raw: fc.array(fc.array(sample, { minLength: raws, maxLength: raws }), {
      minLength: frames,
      maxLength: frames,
    }),
    // Most pixels of a run are ordinary: without them no group would ever take the fast path.
    ordinary: fc.boolean(),
  })
  return fc
    .record({
      params,
      pixels: fc.array(pixel, { maxLength: 70, size: 'max' }),
      calm: fc.boolean(),
      count: fc.nat(frames),
    })
    .map(({ params, pixels: list, calm: isCalm, count }) => {
      const pixels = list.length
      const constants = new Uint32Array(PLANES[kernel] * pixels)
      const raw = Array.from({ length: count }, () => new Uint16Array(raws * pixels))
      list.forEach((one, p) => {
        const ordinary = isCalm ? p % 19 !== 3 : one.ordinary && p % 16 < 8
        one.constants.forEach((word, plane) => {
          constants[plane * pixels + p] = word
        })
        if (ordinary)
          calm.forEach((value, plane) => {
            constants[plane * pixels + p] = value === 0 ? 0 : bitsOf(value)
          })
        raw.forEach((frame, f) => {
          one.raw[f]!.forEach((value, k) => {
            frame[k * pixels + p] = ordinary ? value & 0xfff : value
          })
        })
      })
      return { kernel, params, pixels, constants, raw }
    })
}

const RANGE: AgipdParams = {
  stage: 0,
  forceMgLimit: 0,
  forceHgLimit: 0,
  setMin: false,
  range: true,
  zeroNans: false,
  zeroOrange: false,
}

describe.each(Object.keys(KERNELS) as Name[])('%s', kernel => {
  test('gives the reference’s bits for any pixels, constants and options', () => {
    fc.assert(
      fc.property(caseOf(kernel), input => {
        const expected = reference(input)
        expect(wasm(input)).toEqual(expected)
        expect(listed(input)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  test('gives the reference’s bits over several strips with many unusual pixels', () => {
    const pixels = 20003
    const { calm, raws } = KERNELS[kernel]
    let state = 88172645
    const random = (): number => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) / 2 ** 32
    }
    const constants = new Uint32Array(PLANES[kernel] * pixels)
    constants.forEach((_, i) => {
      const value = calm[Math.floor(i / pixels) % calm.length]!
      constants[i] = value === 0 ? (random() < 0.01 ? 5 : 0) : bitsOf(value * (1 - random() / 8))
    })
    const raw = Array.from({ length: 5 }, () =>
      Uint16Array.from({ length: raws * pixels }, () =>
        random() < 0.05 ? random() * 65536 : random() * 4000,
      ),
    )
    const input = { kernel, params: RANGE, pixels, constants, raw }
    const expected = reference(input)
    expect(wasm(input)).toEqual(expected)
    expect(listed(input)).toEqual(expected)
  })

  test('one unusual pixel among calm ones is found wherever it is', () => {
    const pixels = 51
    const { calm, raws } = KERNELS[kernel]
    const planes = Array.from({ length: PLANES[kernel] }, (_, plane) => calm[plane % calm.length]!)
    const constants = Uint32Array.from(
      planes.flatMap(v => Array<number>(pixels).fill(v === 0 ? 0 : bitsOf(v))),
    )
    const raw = new Uint16Array(raws * pixels).fill(1000)
    for (let p = 0; p < pixels; p++)
      for (const value of [NaN, Infinity, -2e7]) {
        const input = { kernel, params: RANGE, pixels, constants: constants.slice(), raw: [raw.slice()] }
        input.constants[p] = bitsOf(value)
        const expected = reference(input)
        expect(expected[0]!.departures).toBe(1)
        expect(wasm(input)).toEqual(expected)
        expect(listed(input)).toEqual(expected)
      }
    const calmInput = { kernel, params: RANGE, pixels, constants, raw: [raw] }
    expect(wasm(calmInput)[0]!.departures).toBe(0)
  })
})

describe('lpd', () => {
  const one = (raw: number): { d: number; g: number; m: number } => {
    const planes = Uint32Array.from([
      bitsOf(100),
      bitsOf(2),
      1,
      bitsOf(200),
      bitsOf(30),
      2,
      bitsOf(300),
      bitsOf(400),
      4,
    ])
    const input: Case = {
      kernel: 'lpd',
      params: RANGE,
      pixels: 1,
      constants: planes,
      raw: [Uint16Array.of(raw)],
    }
    const [result] = wasm(input)
    expect(result).toEqual(reference(input)[0])
    words.setUint32(0, result!.data[0]!)
    return { d: words.getFloat32(0), g: result!.gain[0]!, m: result!.mask[0]! }
  }

  test('takes the stage from bits 12 and 13, and 3 as a low one that is marked', () => {
    expect(one(1100)).toEqual({ d: 2000, g: 0, m: 1 })
    expect(one(1100 | (1 << 12))).toEqual({ d: 27000, g: 1, m: 2 })
    expect(one(1100 | (2 << 12))).toEqual({ d: 320000, g: 2, m: 4 })
    expect(one(1100 | (3 << 12))).toEqual({ d: 320000, g: 2, m: 4 | (1 << 21) })
    expect(one(1100 | (3 << 14))).toEqual({ d: 2000, g: 0, m: 1 })
  })
})

test('lpdParallel takes the first stage below its saturation, at which it is saturated already', () => {
  const constants = Uint32Array.from(
    [100, 1, 0, 100, 10, 0, 100, 100, 0, 4000, 3000].map(v => (v === 0 ? 0 : bitsOf(v))),
  )
  const gainOf = (...raw: number[]): number => {
    const input: Case = {
      kernel: 'lpdParallel',
      params: RANGE,
      pixels: 1,
      constants,
      raw: [Uint16Array.from(raw)],
    }
    const expected = reference(input)
    expect(wasm(input)).toEqual(expected)
    expect(listed(input)).toEqual(expected)
    return wasm(input)[0]!.gain[0]!
  }
  expect(gainOf(3999, 4000, 200)).toBe(0)
  expect(gainOf(4000, 2999, 200)).toBe(1)
  expect(gainOf(4000, 3000, 200)).toBe(2)
})
