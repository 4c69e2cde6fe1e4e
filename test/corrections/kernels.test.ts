import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AgipdKernel } from '../../src/kits/agipd/chain.js'
import type { AgipdParams } from '../../src/kits/agipd/params.js'
import { type Case, listed, PLANES, reference, split, splitListed, wasm } from './implementations.js'

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 1e-42, -1e-42, 1e7, -1e7, 10000001, 3.4e38, -3.4e38]
const words = new DataView(new ArrayBuffer(4))
function bitsOf(value: number): number {
  words.setFloat32(0, value)
  return words.getUint32(0)
}

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
  fc.constantFrom(0x80000000, 0xffffffff, 1 << 11),
  fc.nat(0xffffffff),
)
const gain = fc.oneof(fc.constant(bitsOf(1)), float(-5, 200))
const threshold = fc.oneof(
  { weight: 4, arbitrary: float(4000, 9000) },
  { weight: 2, arbitrary: fc.constantFrom(-1, -0, 0, 65534.5, 65535, 65536, 1e9, NaN, Infinity).map(bitsOf) },
)

/** T0 as the loader makes it of any two thresholds: never above T1 where T1 is a number. */
function mediumThreshold(t0: number, t1: number): number {
  words.setUint32(0, t0)
  const a = words.getFloat32(0)
  words.setUint32(0, t1)
  const b = words.getFloat32(0)
  return bitsOf(Number.isNaN(a) ? (Number.isNaN(b) ? Infinity : b) : Math.min(a, b))
}

/** Constants of one pixel, by plane. */
const constantsOf: Record<AgipdKernel, fc.Arbitrary<number[]>> = {
  agipdAdaptive: fc
    .tuple(
      float(2000, 9000),
      maskWord,
      threshold,
      threshold,
      float(2000, 9000),
      maskWord,
      float(2000, 9000),
      maskWord,
    )
    .map(([o0, m0, t0, t1, ...rest]) => [o0, m0, mediumThreshold(t0, t1), t1, ...rest]),
  agipdAdaptiveGain: fc
    .tuple(fc.nat(), gain, gain, gain, gain, fc.oneof(fc.constant(0x80000000), float(-100, 100)))
    .chain(([, ...gains]) => constantsOf.agipdAdaptive.map(planes => [...planes, ...gains])),
  agipdFixed: fc.tuple(float(2000, 9000), maskWord),
  agipdFixedGain: fc.tuple(
    float(2000, 9000),
    maskWord,
    gain,
    gain,
    fc.oneof(fc.constant(0x80000000), float(-100, 100)),
  ),
}
const sample = fc.oneof(fc.integer({ min: 2000, max: 12000 }), fc.constantFrom(0, 65535), fc.nat(65535))
const limit = fc.oneof(
  fc.constantFrom(-Infinity, 0, 1000, -0),
  fc.float({ min: -3000, max: 5000, noNaN: true }),
)
const paramsArbitrary: fc.Arbitrary<AgipdParams> = fc.record({
  stage: fc.constantFrom(0, 1, 2),
  forceMgLimit: limit,
  forceHgLimit: limit,
  setMin: fc.boolean(),
  range: fc.boolean(),
  zeroNans: fc.boolean(),
  zeroOrange: fc.boolean(),
})

function caseOf(kernel: AgipdKernel): fc.Arbitrary<Case> {
  const planes = PLANES[kernel]
  // Four frames pass together, what is left of them one by one.
  const frames = 6
  const pixel = fc.record({
    constants: constantsOf[kernel],
    raw: fc.array(fc.tuple(sample, sample), { minLength: frames, maxLength: frames }),
    // Most pixels of a run are ordinary: without them no group would ever take the fast path.
    ordinary: fc.boolean(),
  })
  return fc
    .record({
      params: paramsArbitrary,
      pixels: fc.array(pixel, { maxLength: 70, size: 'max' }),
      calm: fc.boolean(),
      count: fc.nat(frames),
    })
    .map(({ params, pixels: list, calm, count }) => {
      const pixels = list.length
      const constants = new Uint32Array(planes * pixels)
      const raw = Array.from({ length: count }, () => new Uint16Array(2 * pixels))
      list.forEach((one, p) => {
        const ordinary = calm ? p % 19 !== 3 : one.ordinary && p % 16 < 8
        one.constants.forEach((word, plane) => {
          constants[plane * pixels + p] = word
        })
        if (ordinary) {
          constants[p] = bitsOf(4000.25)
          if (planes >= 8) constants[2 * pixels + p] = bitsOf(9000.5)
          if (planes >= 8) constants[3 * pixels + p] = bitsOf(9000.75)
        }
        raw.forEach((frame, f) => {
          const [s, r] = one.raw[f]!
          frame[p] = s
          frame[pixels + p] = ordinary ? Math.min(r, 9000) : r
        })
      })
      return { kernel, params, pixels, constants, raw }
    })
}

const KERNELS = Object.keys(constantsOf) as AgipdKernel[]

describe.each(KERNELS)('%s', kernel => {
  test('gives the reference’s bits for any pixels, constants and options', () => {
    fc.assert(
      fc.property(caseOf(kernel), input => {
        const expected = reference(input)
        expect(wasm(input)).toEqual(expected)
        for (const correct of [listed, split, splitListed]) expect(correct(input)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  const photons = fc.record({
    photon: fc.constantFrom(1, 65.0625, Math.fround(9.2 * 7.07), Math.fround(0.001)),
    fraction: fc.constantFrom(0.5, 1, Math.fround(0.3)),
    most: fc.constantFrom(32767, 65535, 1e7),
  })
  test('rounds to photons, and marks pixels that never change, with the reference’s bits', () => {
    fc.assert(
      fc.property(caseOf(kernel), photons, fc.infiniteStream(fc.boolean()), (input, photons, varies) => {
        const still = Uint8Array.from({ length: input.pixels }, () => Number(!varies.next().value))
        const counted = { ...input, params: { ...input.params, photons }, still }
        const expected = reference(counted)
        expect(split(counted)).toEqual(expected)
        expect(splitListed(counted)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    0.002, 0.05, 1,
  ])('gives the reference’s bits over several strips with %d of the pixels switched', share => {
    const pixels = 20003
    let state = 88172645
    const random = (): number => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) / 2 ** 32
    }
    const constants = new Uint32Array(PLANES[kernel] * pixels)
    const level = [4000, 0, 6000, 8000, 5000, 0, 5500, 0, 1, 1.1, 30, 130, 5]
    constants.forEach((_, i) => {
      const value = level[Math.floor(i / pixels)]!
      constants[i] = value === 0 ? (random() < 0.01 ? 5 : 0) : bitsOf(value * (1 + random() / 8))
    })
    const raw = Array.from({ length: 5 }, () =>
      Uint16Array.from({ length: 2 * pixels }, (_, i) =>
        i < pixels ? 4000 + random() * 4000 : random() < share ? 6500 + random() * 3000 : 5000,
      ),
    )
    const params: AgipdParams = {
      stage: 0,
      forceMgLimit: 1000,
      forceHgLimit: 1000,
      setMin: true,
      range: true,
      zeroNans: false,
      zeroOrange: false,
    }
    const input = { kernel, params, pixels, constants, raw }
    const results = wasm(input)
    expect(results).toEqual(reference(input))
    for (const correct of [listed, split, splitListed]) expect(correct(input)).toEqual(results)
    if (kernel.startsWith('agipdAdaptive'))
      expect(results[0]!.departures).toBeGreaterThan(0.4 * share * pixels)
  })
})

test('one unusual pixel among calm ones is found wherever it is', () => {
  const pixels = 51
  const calm = [4000, 0, 6000, 8000, 5000, 1, 5500, 2, 1, 1, 30, 130, 5]
  const constants = Uint32Array.from(calm.flatMap(v => Array<number>(pixels).fill(v < 3 ? v : bitsOf(v))))
  constants.fill(bitsOf(1), 8 * pixels, 10 * pixels)
  const raw = new Uint16Array(2 * pixels).fill(4500, 0, pixels).fill(5000, pixels)
  const params: AgipdParams = {
    stage: 0,
    forceMgLimit: -Infinity,
    forceHgLimit: -Infinity,
    setMin: true,
    range: true,
    zeroNans: false,
    zeroOrange: false,
  }
  for (const kernel of ['agipdAdaptive', 'agipdAdaptiveGain'] as const)
    for (let p = 0; p < pixels; p++)
      for (const [offset, rawGain] of [
        [4000, 6001],
        [4000, 8001],
        [NaN, 5000],
        [-2e7, 5000],
        [Infinity, 5000],
      ] as const) {
        // Four frames that pass together, and a last one alone.
        const frames = Array.from({ length: 5 }, () => raw.slice())
        const frame = p % 5
        frames[frame]![pixels + p] = rawGain
        const input = { kernel, params, pixels, constants: constants.slice(), raw: frames }
        input.constants[p] = bitsOf(offset)
        const expected = reference(input)
        expect(expected[frame]!.departures).toBe(1)
        expect(wasm(input)).toEqual(expected)
        for (const correct of [listed, split, splitListed]) expect(correct(input)).toEqual(expected)
      }
})

test('a value at a limit is not below it', () => {
  const constants = Uint32Array.from(
    [4000, 0, 6000, 8000, 4000, 0, 4000, 0].flatMap(v => [bitsOf(v), bitsOf(v)]),
  )
  constants.set([0, 0], 2)
  const params = { stage: 0, setMin: false, range: false, zeroNans: false, zeroOrange: false } as const
  const at = (forceMgLimit: number, forceHgLimit: number): number[] => {
    const input: Case = {
      kernel: 'agipdAdaptive',
      params: { ...params, forceMgLimit, forceHgLimit },
      pixels: 2,
      constants,
      raw: [Uint16Array.of(5000, 4999, 9000, 9000)],
    }
    const expected = reference(input)
    expect(wasm(input)).toEqual(expected)
    expect(listed(input)).toEqual(expected)
    return wasm(input)[0]!.gain
  }
  expect(at(1000, -Infinity)).toEqual([2, 1])
  expect(at(-Infinity, 1000)).toEqual([2, 0])
  expect(at(1000, 1000)).toEqual([2, 0])
})
